"""Pools of fixed-size records: for one thread, and for any number of threads.

Layout and ordering: ``include/llt_pool.h`` and ``include/llt_shared_pool.h``. Inner loops in Cython that need no check
use the list of ``include/llt_free_list.h``. Chapter 5.2.3.
"""

cimport cython

from lltool.kernels.record_type cimport record_bytes, record_dtype
from lltool.kernels.span cimport span_of

cdef uint32_t _made = 0


cdef uint32_t _next_number():
    global _made
    _made += 1
    return _made


cdef _check_capacity(capacity):
    if not 0 < capacity <= LLT_POOL_MAX:
        raise ValueError(f"capacity {capacity}: a pool holds between 1 and {LLT_POOL_MAX} records")


cdef _refuse(handle):
    raise ValueError(f"handle {handle:#x}: not of a record in use in this pool (released before, or of another pool)")


@cython.final
cdef class ObjectPool:
    """``capacity`` records of ``record`` bytes or of the NumPy dtype ``record``, for one thread at a time.

    All memory is taken and touched here. The record released last is acquired first, and holds what it held.

    Raises ValueError for a capacity outside 1 .. 2**31 - 1 or a record below 1 byte, MemoryError when the memory is
    not to be had.
    """

    def __cinit__(self, capacity, record):
        _check_capacity(capacity)
        self.size = record_bytes(record)
        self.dtype = record_dtype(record)
        self.raw = llt_pool_create(capacity, self.size, _next_number())
        if self.raw is NULL:
            raise MemoryError(f"no memory for a pool of {capacity} records of {self.size} bytes")

    def __dealloc__(self):
        llt_pool_destroy(self.raw)

    def acquire(self):
        """The handle of a free record, or None when every record is in use."""
        cdef uint64_t handle
        return None if llt_pool_acquire(self.raw, &handle) is NULL else handle

    def release(self, uint64_t handle):
        """Give a record back. ValueError for a handle that was released before or is of another pool."""
        if not llt_pool_release(self.raw, handle):
            _refuse(handle)

    def view(self, uint64_t handle):
        """The record: a writable memoryview, or an array of one where the pool has a dtype. Not to be used once
        released. ValueError as in :meth:`release`.
        """
        cdef void *record = llt_pool_record(self.raw, handle)
        if record is NULL:
            _refuse(handle)
        return span_of(self, record, self.size, self.dtype)

    def is_live(self, uint64_t handle):
        """Whether ``handle`` is of a record in use in this pool."""
        return llt_pool_record(self.raw, handle) is not NULL

    @property
    def capacity(self):
        """Number of records."""
        return self.raw.capacity

    @property
    def available(self):
        """Number of free records."""
        return llt_pool_available(self.raw)


@cython.final
cdef class SharedObjectPool:
    """As :class:`ObjectPool`, for any number of threads at once, lock-free. It keeps no count of what is free."""

    def __cinit__(self, capacity, record):
        _check_capacity(capacity)
        self.size = record_bytes(record)
        self.dtype = record_dtype(record)
        self.raw = llt_shared_pool_create(capacity, self.size, _next_number())
        if self.raw is NULL:
            raise MemoryError(f"no memory for a pool of {capacity} records of {self.size} bytes")

    def __dealloc__(self):
        llt_shared_pool_destroy(self.raw)

    def acquire(self):
        """As :meth:`ObjectPool.acquire`."""
        cdef uint64_t handle
        return None if llt_shared_pool_acquire(self.raw, &handle) is NULL else handle

    def release(self, uint64_t handle):
        """As :meth:`ObjectPool.release`; of two threads that release one handle, one is refused."""
        if not llt_shared_pool_release(self.raw, handle):
            _refuse(handle)

    def view(self, uint64_t handle):
        """As :meth:`ObjectPool.view`."""
        cdef void *record = llt_shared_pool_record(self.raw, handle)
        if record is NULL:
            _refuse(handle)
        return span_of(self, record, self.size, self.dtype)

    def is_live(self, uint64_t handle):
        """As :meth:`ObjectPool.is_live`."""
        return llt_shared_pool_record(self.raw, handle) is not NULL

    @property
    def capacity(self):
        """Number of records."""
        return self.raw.capacity
