"""Where the calling thread runs, before whom, and what keeps it from being disturbed by its own process.

An OSError for lack of privilege (``EPERM``, ``EACCES``) says which would do. Chapter 5.5.1.
"""

from cpython.exc cimport PyErr_SetFromErrno
from libc.errno cimport EACCES, EAGAIN, ENOMEM, EPERM, errno
from libc.stddef cimport size_t
from libc.stdint cimport int32_t, uint64_t
from libc.string cimport memset, strerror
from posix.unistd cimport write

from lltool.kernels.arch cimport llt_keep

cdef extern from "<sched.h>" nogil:
    ctypedef struct cpu_set_t:
        pass
    cpu_set_t *CPU_ALLOC(int count)
    void CPU_FREE(cpu_set_t *cpus)
    size_t CPU_ALLOC_SIZE(int count)
    void CPU_ZERO_S(size_t size, cpu_set_t *cpus)
    void CPU_SET_S(int cpu, size_t size, cpu_set_t *cpus)
    int CPU_ISSET_S(int cpu, size_t size, cpu_set_t *cpus)
    int CPU_COUNT_S(size_t size, cpu_set_t *cpus)
    int sched_setaffinity(int pid, size_t size, const cpu_set_t *cpus)
    int sched_getaffinity(int pid, size_t size, cpu_set_t *cpus)
    int sched_getcpu()
    enum:
        SCHED_FIFO
        SCHED_OTHER
    struct sched_param:
        int sched_priority
    int sched_setscheduler(int pid, int policy, const sched_param *parameters)
    int sched_getscheduler(int pid)
    int sched_getparam(int pid, sched_param *parameters)

cdef extern from "<sys/resource.h>" nogil:
    enum:
        PRIO_PROCESS
    int getpriority(int which, int who)
    int setpriority(int which, int who, int nice)

cdef extern from "<sys/mman.h>" nogil:
    enum:
        MCL_CURRENT
        MCL_FUTURE
    int mlockall(int flags)
    int munlockall()

cdef extern from "<sys/prctl.h>" nogil:
    enum:
        PR_SET_PDEATHSIG
        PR_SET_TIMERSLACK
        PR_GET_TIMERSLACK
    int prctl(int option, ...)

cdef extern from "<unistd.h>" nogil:
    long syscall(long number, ...)

cdef extern from "<sys/syscall.h>" nogil:
    enum:
        SYS_set_mempolicy

cdef extern from "<linux/mempolicy.h>" nogil:
    enum:
        MPOL_BIND

cdef enum:
    MAX_NODES = 1024  # the largest number of NUMA nodes that a kernel can be configured for
    WORD_BITS = 64
    NODE_WORDS = 16
    MAX_CPUS = 8192  # the largest NR_CPUS that a kernel can be configured for
    STACK_BYTES = 256 * 1024


cdef _fail(str what, str privilege):
    cdef int number = errno
    text = f"{what}: {strerror(number).decode()}"
    if number in (EPERM, EACCES, ENOMEM, EAGAIN):
        text += f"; it takes {privilege}"
    raise OSError(number, text)


def pin(int core):
    """Let the calling thread run on ``core`` only, and read back that it is so.

    Raises ``ValueError`` for a number no kernel has, and ``OSError`` as ``sched_setaffinity`` gives it: ``EINVAL``
    where the core is offline, missing or outside the cpuset of this process.
    """
    if not 0 <= core < MAX_CPUS:
        raise ValueError(f"core {core} is not between 0 and {MAX_CPUS - 1}")
    cdef size_t size = CPU_ALLOC_SIZE(MAX_CPUS)
    cdef cpu_set_t *cpus = CPU_ALLOC(MAX_CPUS)
    if cpus == NULL:
        raise MemoryError("no memory for a CPU set")
    try:
        CPU_ZERO_S(size, cpus)
        CPU_SET_S(core, size, cpus)
        if sched_setaffinity(0, size, cpus) != 0:
            PyErr_SetFromErrno(OSError)
        CPU_ZERO_S(size, cpus)
        if sched_getaffinity(0, size, cpus) != 0:
            PyErr_SetFromErrno(OSError)
        if CPU_COUNT_S(size, cpus) != 1 or not CPU_ISSET_S(core, size, cpus):
            raise OSError(0, f"the kernel took core {core} and then reports another affinity")
    finally:
        CPU_FREE(cpus)


def current_core():
    """The core on which the calling thread runs at this instant."""
    core = sched_getcpu()
    if core < 0:
        PyErr_SetFromErrno(OSError)
    return core


def lock_memory():
    """Keep all present and future pages of this process in memory (``mlockall``).

    Raises ``OSError``: ``EPERM`` without CAP_IPC_LOCK where RLIMIT_MEMLOCK is 0, ``ENOMEM`` where it is too small.
    """
    if mlockall(MCL_CURRENT | MCL_FUTURE) != 0:
        _fail("mlockall", "CAP_IPC_LOCK, or an RLIMIT_MEMLOCK of all it maps")


def unlock_memory():
    """Undo :func:`lock_memory`."""
    if munlockall() != 0:
        PyErr_SetFromErrno(OSError)


def set_fifo(int priority):
    """Run the calling thread as SCHED_FIFO of ``priority`` (1 .. 99), before all that is lower, and read it back.

    Threads that handle interrupts have 50, the kernel's own migration and watchdog threads 99: a spinning thread above
    them keeps their work off. Raises ``ValueError`` for another priority, ``OSError`` with what it takes.
    """
    if not 1 <= priority <= 99:
        raise ValueError(f"priority {priority} is not between 1 and 99")
    cdef sched_param wanted = sched_param(priority)
    cdef sched_param found
    if sched_setscheduler(0, SCHED_FIFO, &wanted) != 0:
        _fail(f"SCHED_FIFO {priority}", f"CAP_SYS_NICE or an RLIMIT_RTPRIO of {priority}")
    if sched_getparam(0, &found) != 0:
        PyErr_SetFromErrno(OSError)
    if sched_getscheduler(0) != SCHED_FIFO or found.sched_priority != priority:
        raise OSError(0, f"the kernel took SCHED_FIFO {priority} and then reports another policy")


def set_ordinary(int nice=0):
    """Run the calling thread as SCHED_OTHER with a ``nice`` value (-20 .. 19, lower is more), and read it back.

    Raises ``ValueError`` for another value, ``OSError`` with what it takes to lower it.
    """
    if not -20 <= nice <= 19:
        raise ValueError(f"nice {nice} is not between -20 and 19")
    cdef sched_param none = sched_param(0)
    if sched_setscheduler(0, SCHED_OTHER, &none) != 0:
        _fail("SCHED_OTHER", "CAP_SYS_NICE")
    if setpriority(PRIO_PROCESS, 0, nice) != 0:
        _fail(f"nice {nice}", f"CAP_SYS_NICE or an RLIMIT_NICE of {20 - nice}")
    if getpriority(PRIO_PROCESS, 0) != nice:
        raise OSError(0, f"the kernel took nice {nice} and then reports another value")


def limit_wakeup_latency(int fd, int32_t microseconds=0):
    """Allow no idle state that takes longer to leave, as long as ``fd`` (/dev/cpu_dma_latency) is open: PM QoS.

    To open it for writing takes root, or a file given to this user. Raises ``ValueError`` below 0, ``OSError``.
    """
    if microseconds < 0:
        raise ValueError(f"{microseconds} microseconds is below 0")
    if write(fd, &microseconds, sizeof(microseconds)) != sizeof(microseconds):
        PyErr_SetFromErrno(OSError)


def bind_memory(int node):
    """Take every page that the calling thread touches from now on from NUMA node ``node`` (``set_mempolicy``).

    Raises ``ValueError`` for a number no kernel has, ``OSError``: ``EINVAL`` where there is no such node with memory,
    ``ENOSYS`` on a kernel without NUMA.
    """
    if not 0 <= node < MAX_NODES:
        raise ValueError(f"node {node} is not between 0 and {MAX_NODES - 1}")
    cdef unsigned long[NODE_WORDS] nodes
    memset(nodes, 0, sizeof(nodes))
    nodes[node // WORD_BITS] = (<unsigned long>1) << (node % WORD_BITS)
    # The kernel takes one bit less than it is told.
    if syscall(SYS_set_mempolicy, <int>MPOL_BIND, nodes, <unsigned long>(MAX_NODES + 1)) != 0:
        PyErr_SetFromErrno(OSError)


cdef void _touch_stack() noexcept nogil:
    cdef char[STACK_BYTES] stack
    memset(stack, 0, STACK_BYTES)
    llt_keep(<uint64_t>stack)  # its address escapes: the compiler has to write it


def prefault_stack():
    """Touch 256 kB of the calling thread's stack, so that no loop grows it."""
    with nogil:
        _touch_stack()


def die_with_parent(int signal):
    """Have the kernel send ``signal`` to this process when the thread that started it ends (PR_SET_PDEATHSIG).

    A parent that died before this call is not noticed: compare ``os.getppid()`` afterwards.
    """
    if prctl(PR_SET_PDEATHSIG, <unsigned long>signal) != 0:
        PyErr_SetFromErrno(OSError)


def timer_slack():
    """By how many nanoseconds the kernel may delay the timers of the calling thread (50 000 by default)."""
    slack = prctl(PR_GET_TIMERSLACK)
    if slack < 0:
        PyErr_SetFromErrno(OSError)
    return slack


def set_timer_slack(unsigned long nanoseconds):
    """Set the slack of the calling thread; 0 asks for the default of the process. Real-time threads have none."""
    if prctl(PR_SET_TIMERSLACK, nanoseconds) != 0:
        PyErr_SetFromErrno(OSError)
