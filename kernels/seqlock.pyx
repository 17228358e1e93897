"""Sequence lock: one writer publishes a small payload, readers copy it without writing anything shared.

Layout and ordering: ``include/llt_seqlock.h``. Chapter 5.3.4.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.errno cimport EAGAIN
from libc.stdint cimport SIZE_MAX, UINT64_MAX
from posix.mman cimport munmap

from lltool.kernels.atomic cimport llt_load_acquire, llt_store_release
from lltool.kernels.shared_memory cimport claim, map_existing, map_new


@cython.final
cdef class Seqlock:
    """A payload of ``payload_size`` bytes, zeros at first, that one thread writes and any number read.

    Up to 56 bytes share one 64-byte line with the sequence. Python threads that write are kept apart by the GIL.

    Raises ValueError for a payload size below 1, MemoryError when the memory is not to be had.
    """

    def __cinit__(self, payload_size):
        if payload_size < 1:
            raise ValueError(f"payload_size {payload_size}: a payload has at least 1 byte")
        if payload_size <= SIZE_MAX:
            self.raw = llt_seqlock_create(payload_size)
        if self.raw is NULL:
            raise MemoryError(f"no memory for a payload of {payload_size} bytes")
        self.size = payload_size

    def __dealloc__(self):
        if self.shared is NULL:
            llt_seqlock_destroy(self.raw)
        else:
            if self.writing:
                llt_store_release(&self.shared.writer_pid, 0)
            munmap(self.shared, self.mapped)

    @staticmethod
    def create(int fd, payload_size):
        """Lay a lock out in the empty file behind ``fd`` (``os.memfd_create``, or one in /dev/shm) for processes.

        The first to write claims the writing; that of a process that died is free again, also when it died within a
        write: readers then wait for the next one. All must see each other's process ids. The descriptor can be
        closed afterwards.

        Raises as the constructor, FileExistsError where the file is not empty, OSError as the kernel gives it.
        """
        if payload_size < 1:
            raise ValueError(f"payload_size {payload_size}: a payload has at least 1 byte")
        cdef size_t wanted = llt_seqlock_shared_size(payload_size) if payload_size <= SIZE_MAX else 0
        if wanted == 0:
            raise MemoryError(f"no memory for a payload of {payload_size} bytes")
        cdef Seqlock lock = Seqlock.__new__(Seqlock, 1)
        lock._hold(map_new(fd, wanted), wanted)
        llt_seqlock_shared_init(lock.shared, payload_size)
        lock.size = payload_size
        return lock

    @staticmethod
    def attach(int fd):
        """Map the lock that another process laid out behind ``fd``. The descriptor can be closed afterwards.

        Raises BufferError where there is no such lock (too short, not one, another version), OSError as the kernel
        gives it.
        """
        cdef Seqlock lock = Seqlock.__new__(Seqlock, 1)
        cdef size_t size
        cdef void *memory = map_existing(fd, &size)
        lock._hold(memory, size)
        if not llt_seqlock_shared_is_valid(lock.shared, size):
            raise BufferError(f"descriptor {fd}: there is no whole lock of this version of lltool in it")
        lock.size = lock.shared.payload_size
        return lock

    cdef _hold(self, void *memory, size_t size):
        llt_seqlock_destroy(self.raw)
        self.shared = <llt_seqlock_shared *>memory
        self.mapped = size
        self.raw = &self.shared.lock

    cdef _claim(self):
        if not claim(&self.shared.writer_pid):
            raise BufferError(f"process {llt_load_acquire(&self.shared.writer_pid)} writes this lock")
        self.writing = True

    @property
    def payload_size(self):
        """Bytes of the payload."""
        return self.size

    def write(self, payload):
        """Publish ``payload`` (bytes-like, ``payload_size`` bytes).

        Raises ValueError for another size, BufferError where another process writes.
        """
        cdef Py_buffer view
        if self.shared is not NULL and not self.writing:
            self._claim()
        PyObject_GetBuffer(payload, &view, PyBUF_SIMPLE)
        try:
            if <size_t>view.len != self.size:
                raise ValueError(f"payload of {view.len} bytes: this lock holds {self.size}")
            llt_seqlock_write(self.raw, view.buf, self.size)
        finally:
            PyBuffer_Release(&view)

    def try_read(self):
        """Return a copy of the payload, or None when a write was in progress or came between."""
        payload = PyBytes_FromStringAndSize(NULL, <Py_ssize_t>self.size)
        if llt_seqlock_try_read(self.raw, PyBytes_AS_STRING(payload), self.size):
            return payload
        return None

    def read(self, max_tries=1000):
        """Return a copy of the payload after at most ``max_tries`` attempts.

        Raises BlockingIOError when every attempt met a write, ValueError for ``max_tries`` below 1.
        """
        if not 1 <= max_tries <= UINT64_MAX:
            raise ValueError(f"max_tries {max_tries}: at least one attempt is needed")
        payload = PyBytes_FromStringAndSize(NULL, <Py_ssize_t>self.size)
        if llt_seqlock_read(self.raw, PyBytes_AS_STRING(payload), self.size, max_tries):
            return payload
        raise BlockingIOError(EAGAIN, f"no stable copy in {max_tries} attempts: the writer is writing or interrupted")
