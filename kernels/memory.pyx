"""Memory of a chosen page size, aligned and touched before anything is measured on it."""

from cpython.buffer cimport PyBuffer_FillInfo
from cpython.exc cimport PyErr_SetFromErrno
from libc.errno cimport EINVAL, errno
from libc.stddef cimport size_t
from libc.stdint cimport uintptr_t
from libc.string cimport memset

cimport cython

cdef extern from "<sys/mman.h>" nogil:
    enum:
        MAP_ANONYMOUS
        MAP_HUGETLB
        MAP_PRIVATE
        MADV_HUGEPAGE
        MADV_NOHUGEPAGE
        PROT_NONE
        PROT_READ
        PROT_WRITE
    void *MAP_FAILED
    void *mmap(void *address, size_t length, int protection, int flags, int descriptor, long offset)
    int munmap(void *address, size_t length)
    int mprotect(void *address, size_t length, int protection)
    int madvise(void *address, size_t length, int advice)

cdef enum:
    HUGE_PAGE = 2 * 1024 * 1024
    MAP_HUGE_2MB = 21 << 26  # log2 of the page size in bits 26-31 (linux/mman.h)


cdef void *_map(size_t size, int protection, int flags) except NULL:
    cdef void *address = mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0)
    if address == MAP_FAILED:
        PyErr_SetFromErrno(OSError)
    return address


@cython.final
cdef class Mapping:
    """Anonymous private memory, at a 2 MiB boundary, every page written once; a writable buffer.

    ``kind`` asks for a page size: ``4k`` (MADV_NOHUGEPAGE), ``thp`` (MADV_HUGEPAGE: the kernel may still give small
    pages, only /proc/self/smaps tells) or ``hugetlb`` (2 MiB pages of the reserved pool). ``size_bytes`` is rounded up
    to 2 MiB. Raises ``ValueError`` for an unknown kind or size, ``OSError`` as the kernel gives it: ``ENOMEM`` from
    ``hugetlb`` means that the pool has too few free pages.
    """

    def __cinit__(self, size_bytes, str kind):
        if not 0 < size_bytes <= 1 << 44:
            raise ValueError(f"size {size_bytes} is not between 1 and 2**44 bytes")
        if kind not in ("4k", "thp", "hugetlb"):
            raise ValueError(f"kind {kind!r} is not '4k', 'thp' or 'hugetlb'")
        cdef size_t size = (<size_t>size_bytes + HUGE_PAGE - 1) // HUGE_PAGE * HUGE_PAGE
        if kind == "hugetlb":
            self.base = _map(size, PROT_READ | PROT_WRITE, MAP_HUGETLB | MAP_HUGE_2MB)
            self.mapped = size
            self.address = <char *>self.base
        else:
            # Inaccessible at first: locked processes (MCL_FUTURE) get their pages inside mmap, before the advice.
            self.base = _map(size + HUGE_PAGE, PROT_NONE, 0)
            self.mapped = size + HUGE_PAGE
            self.address = <char *>((<uintptr_t>self.base + HUGE_PAGE - 1) // HUGE_PAGE * HUGE_PAGE)
            # A kernel without transparent huge pages refuses the advice against them: that is what it asked for.
            if madvise(self.address, size, MADV_HUGEPAGE if kind == "thp" else MADV_NOHUGEPAGE) != 0:
                if not (kind == "4k" and errno == EINVAL):
                    PyErr_SetFromErrno(OSError)
            if mprotect(self.address, size, PROT_READ | PROT_WRITE) != 0:
                PyErr_SetFromErrno(OSError)
        self.size = size
        self.asked_for = kind
        with nogil:
            memset(self.address, 0, size)

    def __dealloc__(self):
        if self.base != NULL:
            munmap(self.base, self.mapped)

    def __getbuffer__(self, Py_buffer *buffer, int flags):
        PyBuffer_FillInfo(buffer, self, self.address, self.size, 0, flags)

    def __len__(self):
        return self.size

    @property
    def kind(self):
        """The page size that was asked for."""
        return self.asked_for

    @property
    def start(self):
        """The first address, as /proc/self/smaps names it."""
        return <uintptr_t>self.address
