/* What a thread asks of the C library and of the kernel while it is watched. A library to be loaded before all others.
 *
 * Between watch() and seen() allocations and locks of the calling thread are counted. sockets_only() ends the process
 * (SIGSYS) at any later system call of the calling thread, but those on sockets that are open, and those with which the
 * interpreter hands its lock on and ends a thread.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void __libc_free(void *memory);

static _Thread_local int watched;
static _Thread_local unsigned long calls;

static void call(void) { calls += (unsigned long)watched; }

void watch(void) {
    calls = 0;
    watched = 1;
}

unsigned long seen(void) {
    watched = 0;
    return calls;
}

void *malloc(size_t size) {
    call();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    call();
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
    call();
    return __libc_realloc(memory, size);
}

void free(void *memory) {
    call();
    __libc_free(memory);
}

int pthread_mutex_lock(pthread_mutex_t *mutex) {
    static int (*lock)(pthread_mutex_t *);
    if (lock == NULL) {
        *(void **)&lock = dlsym(RTLD_NEXT, "pthread_mutex_lock");
    }
    call();
    return lock(mutex);
}

#define ALLOW(NAME)                                                                                                    \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##NAME, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

int sockets_only(void) {
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ALLOW(recvfrom), ALLOW(recvmsg), ALLOW(sendto), ALLOW(sendmsg),
        ALLOW(futex), ALLOW(rt_sigprocmask), ALLOW(madvise), ALLOW(munmap), ALLOW(exit), ALLOW(exit_group),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    const struct sock_fprog program = {.len = sizeof rules / sizeof *rules, .filter = rules};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
