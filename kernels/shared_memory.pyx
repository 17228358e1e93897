"""Memory that two processes map, and the roles in it that one process has at a time."""

from cpython.exc cimport PyErr_SetFromErrno
from libc.errno cimport ESRCH, errno
from libc.stdint cimport uint64_t
from posix.mman cimport MAP_FAILED, MAP_SHARED, PROT_READ, PROT_WRITE, mmap
from posix.signal cimport kill
from posix.stat cimport fstat, struct_stat
from posix.unistd cimport ftruncate, getpid

from lltool.kernels.atomic cimport llt_compare_exchange_acq_rel, llt_load_acquire


cdef bint claim(llt_atomic_u64 *owner):
    # A dead owner's role can be taken; one that cannot be signalled for another reason is alive.
    cdef uint64_t held = llt_load_acquire(owner)
    if held and not (kill(<int>held, 0) != 0 and errno == ESRCH):
        return False
    return llt_compare_exchange_acq_rel(owner, held, getpid())


cdef void *map_whole(int fd, size_t size) except NULL:
    cdef void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
    if memory == MAP_FAILED:
        PyErr_SetFromErrno(OSError)
    return memory


cdef void *map_new(int fd, size_t size) except NULL:
    # Gives an empty file its size. FileExistsError where it is not empty: somebody may be at work in it.
    cdef struct_stat found
    if fstat(fd, &found) != 0:
        PyErr_SetFromErrno(OSError)
    if found.st_size != 0:
        raise FileExistsError(f"descriptor {fd}: the file has {found.st_size} bytes, and an empty one is needed")
    if ftruncate(fd, size) != 0:
        PyErr_SetFromErrno(OSError)
    return map_whole(fd, size)


cdef void *map_existing(int fd, size_t *size) except NULL:
    # `size` receives that of the file.
    cdef struct_stat found
    if fstat(fd, &found) != 0:
        PyErr_SetFromErrno(OSError)
    if found.st_size == 0:
        raise BufferError(f"descriptor {fd}: the file is empty: the mapping is shorter than what it should hold")
    size[0] = found.st_size
    return map_whole(fd, size[0])
