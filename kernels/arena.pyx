"""Arena: aligned allocation from one block of memory, all of it given back by one reset.

Layout and ordering: ``include/llt_arena.h``. Chapter 5.2.4.
"""

cimport cython
from cpython.buffer cimport PyBuffer_FillInfo
from libc.stdint cimport SIZE_MAX
from libc.stdlib cimport free

from lltool.kernels.atomic cimport LLT_LINE, llt_load_acquire

cdef extern from "<stdlib.h>" nogil:
    void *aligned_alloc(size_t alignment, size_t size)


@cython.final
cdef class Arena:
    """``capacity`` bytes, taken and touched here. ``shared=True``: any number of threads allocate at once (nogil code
    through ``llt_shared_arena``; at most 1 TiB, and the epoch wraps after 2**24 resets).

    Raises ValueError for a capacity below 1, MemoryError when the memory is not to be had.
    """

    def __cinit__(self, capacity, *, bint shared=False):
        if capacity < 1:
            raise ValueError(f"capacity {capacity}: an arena has at least 1 byte")
        if capacity >= (LLT_SHARED_ARENA_MAX if shared else SIZE_MAX) or llt_arena_init(&self.raw, capacity) != 0:
            raise MemoryError(f"no memory for an arena of {capacity} bytes")
        if shared:
            self.shared = <llt_shared_arena *>aligned_alloc(LLT_LINE, sizeof(llt_shared_arena))
            if self.shared is NULL:
                raise MemoryError("no memory for the state of an arena")
            llt_shared_arena_init(self.shared, &self.raw)

    def __dealloc__(self):
        free(self.shared)
        llt_arena_destroy(&self.raw)

    def alloc(self, size, alignment=8):
        """A :class:`Block` of ``size`` bytes at a multiple of ``alignment``, or None when the arena has no room.

        The bytes hold what they held before. Raises ValueError for a size below 0 or an alignment that is no power
        of two.
        """
        if size < 0:
            raise ValueError(f"size {size}: a block has at least 0 bytes")
        if alignment < 1 or alignment & (alignment - 1):
            raise ValueError(f"alignment {alignment} is not a power of two")
        if size > SIZE_MAX or alignment > SIZE_MAX:
            return None
        cdef uint64_t epoch = self.raw.epoch
        cdef size_t offset
        if self.shared is not NULL:
            offset = llt_shared_arena_offset(self.shared, size, alignment, &epoch)
        else:
            offset = llt_arena_offset(&self.raw, size, alignment)
        if offset == LLT_ARENA_NONE:
            return None
        cdef Block block = Block.__new__(Block)
        block.arena = self
        block.offset = offset
        block.size = size
        block.epoch = epoch
        return block

    def alloc_array(self, count, dtype):
        """``count`` records of a NumPy dtype as a :class:`Block`, aligned as the dtype asks; None without room.

        ``block.array(dtype)`` is the typed view. Raises ValueError for a count below 0.
        """
        import numpy

        wanted = numpy.dtype(dtype)
        return self.alloc(count * wanted.itemsize, max(wanted.alignment, 1))

    def reset(self):
        """Give everything back; blocks from before are stale. BufferError while a view of one is alive."""
        if self.exports:
            raise BufferError(f"{self.exports} views of this arena's blocks are alive: release them first")
        if self.shared is not NULL:
            llt_shared_arena_reset(self.shared)
        else:
            llt_arena_reset(&self.raw)

    cdef uint64_t current_epoch(self) noexcept:
        if self.shared is NULL:
            return self.raw.epoch
        return llt_shared_arena_epoch(llt_load_acquire(&self.shared.state))

    @property
    def epoch(self):
        """Number of resets."""
        return self.current_epoch()

    @property
    def capacity(self):
        """All bytes."""
        return self.raw.capacity

    @property
    def used(self):
        """Bytes handed out, gaps of alignment included."""
        if self.shared is NULL:
            return self.raw.used
        return llt_shared_arena_used(llt_load_acquire(&self.shared.state))

    @property
    def available(self):
        """Bytes left; a block of that size fits where its alignment needs no gap."""
        return self.raw.capacity - self.used


@cython.final
cdef class Block:
    """Memory of an arena. A writable buffer (``memoryview(block)``, ``block.array(dtype)``) until the arena's next
    reset; after that BufferError.
    """

    def array(self, dtype):
        """The block as an array of ``dtype``. ValueError where the size is no multiple of it."""
        import numpy

        return numpy.frombuffer(self, dtype)

    @property
    def is_stale(self):
        """Whether the arena was reset since."""
        return self.arena is None or self.arena.current_epoch() != self.epoch

    @property
    def address(self):
        """Where it is, for a look at its alignment."""
        return <size_t>(self.arena.raw.base + self.offset)

    def __len__(self):
        return self.size

    def __getbuffer__(self, Py_buffer *buffer, int flags):
        if self.is_stale:
            raise BufferError("stale block: its arena was reset, the memory is no longer its own")
        PyBuffer_FillInfo(buffer, self, self.arena.raw.base + self.offset, <Py_ssize_t>self.size, 0, flags)
        self.arena.exports += 1

    def __releasebuffer__(self, Py_buffer *buffer):
        self.arena.exports -= 1
