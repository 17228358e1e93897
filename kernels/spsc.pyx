"""Bounded queue of fixed-size records between one producer and one consumer, in a process or between two.

Layout and ordering: ``include/llt_spsc.h`` and the two layouts beside it. Chapter 5.3.2.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_FillInfo, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport UINT64_MAX
from libc.stdlib cimport free
from posix.mman cimport munmap

from lltool.kernels.atomic cimport LLT_LINE, llt_load_acquire, llt_store_release
from lltool.kernels.record_type cimport record_bytes, record_dtype
from lltool.kernels.shared_memory cimport claim, map_existing, map_new

cdef extern from "<stdlib.h>" nogil:
    void *aligned_alloc(size_t alignment, size_t size)

SEQUENCED = "sequenced"
INDEXED = "indexed"

cdef dict _LAYOUTS = {SEQUENCED: LLT_SPSC_SEQUENCED, INDEXED: LLT_SPSC_INDEXED}

cdef dict _FAULTS = {
    LLT_SPSC_TOO_SHORT: "the mapping is shorter than the ring that it claims to hold",
    LLT_SPSC_NOT_A_RING: "there is no ring in it, or one that is still being made",
    LLT_SPSC_OTHER_VERSION: "its layout is of another version of lltool",
    LLT_SPSC_BAD_SIZES: "its sizes contradict one another",
    LLT_SPSC_BAD_INDICES: "its indices are further apart than its capacity",
}


@cython.final
cdef class SpscRing:
    """Ring of at least ``capacity`` records, each of ``record`` bytes or of the NumPy dtype ``record``.

    The capacity is rounded up to a power of two, and every slot of it can be used. All memory is taken and touched
    here. One thread may push and one other may pop at any time.

    ``layout``: ``"sequenced"`` is the faster one record at a time, ``"indexed"`` in batches; both do everything.

    :meth:`producer` and :meth:`consumer` split the ring into two handles, each for one thread; after that the ring
    itself refuses the side that was given away.

    Raises ValueError for a capacity or record below 1 or an unknown layout, MemoryError when the memory is not to be
    had.
    """

    def __cinit__(self, capacity, record, layout=SEQUENCED):
        cdef uint64_t rounded
        self._set_up(record, layout)
        if capacity < 1:
            raise ValueError(f"capacity {capacity}: a ring holds at least 1 record")
        if capacity <= UINT64_MAX:
            rounded = capacity
            self.raw = llt_spsc_create(_LAYOUTS[layout], rounded, self.size, 0)
        if self.raw is NULL:
            raise MemoryError(f"no memory for a ring of {capacity} records of {self.size} bytes")

    cdef _set_up(self, record, layout):
        if layout not in _LAYOUTS:
            raise ValueError(f"layout {layout!r} is neither {SEQUENCED!r} nor {INDEXED!r}")
        self.size = record_bytes(record)
        self.dtype = record_dtype(record)
        self.sequenced = layout == SEQUENCED
        self._allocate_sides()

    cdef _allocate_sides(self):
        self.sides = <Sides *>aligned_alloc(LLT_LINE, sizeof(Sides))
        if self.sides is NULL:
            raise MemoryError("no memory for the handles of a ring")

    def __dealloc__(self):
        if self.producing:
            llt_store_release(&self.raw.producer_pid, 0)
        if self.consuming:
            llt_store_release(&self.raw.consumer_pid, 0)
        if self.mapped:
            munmap(self.raw, self.mapped)
        else:
            llt_spsc_destroy(self.raw)
        free(self.sides)

    @staticmethod
    def create(int fd, capacity, record, layout=SEQUENCED):
        """Lay a ring out in the file behind ``fd`` (``os.memfd_create``, or a file in /dev/shm) for two processes.

        The file must be empty and is given the size it needs. The descriptor can be closed afterwards. Each process
        pushes or pops, and so claims that side; that of a process that died is free again. Both must see each
        other's process ids.

        Raises as the constructor, FileExistsError where the file is not empty, OSError as the kernel gives it.
        """
        cdef SpscRing ring = SpscRing.__new__(SpscRing, 1, record, layout)
        if capacity < 1:
            raise ValueError(f"capacity {capacity}: a ring holds at least 1 record")
        cdef uint64_t rounded = llt_spsc_round_capacity(capacity) if capacity <= UINT64_MAX else 0
        cdef size_t wanted = llt_spsc_bytes(_LAYOUTS[layout], rounded, ring.size)
        if wanted == 0:
            raise MemoryError(f"no memory for a ring of {capacity} records of {ring.size} bytes")
        ring._hold(map_new(fd, wanted), wanted)
        llt_spsc_init(ring.raw, _LAYOUTS[layout], rounded, ring.size, 0)
        return ring

    @staticmethod
    def attach(int fd, record=None):
        """Map the ring that another process laid out behind ``fd``. The descriptor can be closed afterwards.

        ``record``, where given, must have the size of the ring's records; a dtype gives them their type.

        Raises BufferError where there is no such ring (too short, no ring, another version, damaged, other records),
        OSError as the kernel gives it.
        """
        cdef SpscRing ring = SpscRing.__new__(SpscRing, 1, 1 if record is None else record)
        cdef size_t size
        cdef void *memory = map_existing(fd, &size)
        ring._hold(memory, size)
        cdef llt_spsc_fault fault = llt_spsc_validate(ring.raw, ring.mapped)
        if fault != LLT_SPSC_OK:
            raise BufferError(f"descriptor {fd}: {_FAULTS[fault]}")
        if record is not None and ring.size != ring.raw.record_size:
            raise BufferError(f"descriptor {fd}: its records have {ring.raw.record_size} bytes, not {ring.size}")
        ring.size = ring.raw.record_size
        ring.sequenced = ring.raw.layout == LLT_SPSC_SEQUENCED
        return ring

    cdef _hold(self, void *memory, size_t size):
        llt_spsc_destroy(self.raw)
        self.raw = <llt_spsc *>memory
        self.mapped = size

    cdef llt_spsc_producer *take_producer(self) except NULL:
        if not self.producing:
            if not claim(&self.raw.producer_pid):
                raise BufferError(f"process {llt_load_acquire(&self.raw.producer_pid)} pushes into this ring")
            llt_spsc_start_producer(&self.sides.producer, self.raw)
            self.producing = True
        return &self.sides.producer

    cdef llt_spsc_consumer *take_consumer(self) except NULL:
        if not self.consuming:
            if not claim(&self.raw.consumer_pid):
                raise BufferError(f"process {llt_load_acquire(&self.raw.consumer_pid)} pops from this ring")
            llt_spsc_start_consumer(&self.sides.consumer, self.raw)
            self.consuming = True
        return &self.sides.consumer

    def producer(self):
        """The handle of the pushing side, given out once. BufferError where that side is taken."""
        return Producer(self)

    def consumer(self):
        """The handle of the popping side, given out once. BufferError where that side is taken."""
        return Consumer(self)

    def try_push(self, record):
        """Append a copy of ``record`` (bytes-like, ``record_size`` bytes); False when the ring is full.

        Raises ValueError for another size or a closed ring, BufferError where another has this side.
        """
        if self.producer_split:
            raise BufferError("the producer of this ring was given out")
        return _try_push(self, record)

    def try_pop(self):
        """Remove the oldest record and return a copy of it; None when the ring is empty.

        Raises BufferError where another has this side.
        """
        if self.consumer_split:
            raise BufferError("the consumer of this ring was given out")
        return _try_pop(self)

    def push_batch(self, records):
        """Append as many of ``records`` as there is room for; returns how many.

        ``records``: a contiguous buffer of whole records, such as an array of the ring's dtype. The copy runs without
        the GIL. Raises ValueError for a part of a record or a closed ring, BufferError where another has this side.
        """
        if self.producer_split:
            raise BufferError("the producer of this ring was given out")
        return _push_batch(self, records)

    def pop_batch(self, records):
        """Remove at most as many records as fit into the writable buffer ``records``; returns how many.

        Raises ValueError for a buffer that ends within a record, BufferError where another has this side.
        """
        if self.consumer_split:
            raise BufferError("the consumer of this ring was given out")
        return _pop_batch(self, records)

    def drain(self):
        """Remove all records and return them: bytes, or an array where the ring has a dtype."""
        if self.consumer_split:
            raise BufferError("the consumer of this ring was given out")
        return _drain(self)

    def close(self):
        """Say that nothing more will be sent. What is in the ring can still be taken out; pushes are refused."""
        llt_spsc_close(self.raw)

    def __len__(self):
        return llt_spsc_length(self.raw)

    @property
    def capacity(self):
        """Records that fit: the requested capacity, rounded up to a power of two."""
        return self.raw.capacity

    @property
    def record_size(self):
        """Bytes of one record."""
        return self.size

    @property
    def layout(self):
        """``"sequenced"`` or ``"indexed"``."""
        return SEQUENCED if self.sequenced else INDEXED

    @property
    def is_empty(self):
        """Whether there was nothing to pop at the moment of asking."""
        return llt_spsc_length(self.raw) == 0

    @property
    def is_full(self):
        """Whether there was no room to push at the moment of asking."""
        return llt_spsc_length(self.raw) == self.raw.capacity

    @property
    def is_closed(self):
        """Whether either side has closed it. Asked before a pop that finds nothing, it means: the end."""
        return llt_spsc_is_closed(self.raw)


cdef _refuse_closed():
    raise ValueError("the ring is closed")


cdef _refuse_size(SpscRing ring, Py_ssize_t size):
    raise ValueError(f"record of {size} bytes: this ring holds records of {ring.size}")


cdef inline bint _copy_in(SpscRing ring, llt_spsc_producer *side, const void *record) noexcept nogil:
    if ring.sequenced:
        return llt_seq_try_push(side, record, ring.size)
    return llt_idx_try_push(side, record, ring.size)


cdef inline _try_push(SpscRing ring, record):
    cdef llt_spsc_producer *side = ring.take_producer()
    cdef Py_buffer view
    if llt_spsc_is_closed(ring.raw):
        _refuse_closed()
    if PyBytes_CheckExact(record):
        if <size_t>PyBytes_GET_SIZE(record) != ring.size:
            _refuse_size(ring, PyBytes_GET_SIZE(record))
        return _copy_in(ring, side, PyBytes_AS_STRING(record))
    PyObject_GetBuffer(record, &view, PyBUF_SIMPLE)
    try:
        if <size_t>view.len != ring.size:
            _refuse_size(ring, view.len)
        return _copy_in(ring, side, view.buf)
    finally:
        PyBuffer_Release(&view)


cdef inline const void *_peek(SpscRing ring, llt_spsc_consumer *side) noexcept nogil:
    return llt_seq_peek(side) if ring.sequenced else llt_idx_peek(side)


cdef inline void _release(SpscRing ring, llt_spsc_consumer *side) noexcept nogil:
    if ring.sequenced:
        llt_seq_release(side)
    else:
        llt_idx_release(side, 1)


cdef inline _try_pop(SpscRing ring):
    cdef llt_spsc_consumer *side = ring.take_consumer()
    cdef const void *slot = _peek(ring, side)
    if slot is NULL:
        return None
    record = PyBytes_FromStringAndSize(<const char *>slot, <Py_ssize_t>ring.size)
    _release(ring, side)
    return record


cdef size_t _whole(SpscRing ring, const Py_buffer *view) except? -1:
    if <size_t>view.len % ring.size:
        raise ValueError(f"{view.len} bytes are not a whole number of records of {ring.size}")
    return <size_t>view.len // ring.size


cdef _push_batch(SpscRing ring, records):
    cdef llt_spsc_producer *side = ring.take_producer()
    cdef Py_buffer view
    cdef size_t count, done, size = ring.size
    cdef bint sequenced = ring.sequenced
    if llt_spsc_is_closed(ring.raw):
        _refuse_closed()
    PyObject_GetBuffer(records, &view, PyBUF_SIMPLE)
    try:
        count = _whole(ring, &view)
        with nogil:
            if sequenced:
                done = llt_seq_push_batch(side, view.buf, count, size)
            else:
                done = llt_idx_push_batch(side, view.buf, count, size)
    finally:
        PyBuffer_Release(&view)
    return done


cdef size_t _copy_out(SpscRing ring, llt_spsc_consumer *side, void *to, size_t count):
    cdef size_t done, size = ring.size
    cdef bint sequenced = ring.sequenced
    with nogil:
        if sequenced:
            done = llt_seq_pop_batch(side, to, count, size)
        else:
            done = llt_idx_pop_batch(side, to, count, size)
    return done


cdef _pop_batch(SpscRing ring, records):
    cdef llt_spsc_consumer *side = ring.take_consumer()
    cdef Py_buffer view
    PyObject_GetBuffer(records, &view, PyBUF_SIMPLE | PyBUF_WRITABLE)
    try:
        return _copy_out(ring, side, view.buf, _whole(ring, &view))
    finally:
        PyBuffer_Release(&view)


cdef _drain(SpscRing ring):
    cdef llt_spsc_consumer *side = ring.take_consumer()
    cdef list parts = []
    cdef size_t waiting, done
    while True:
        waiting = llt_spsc_length(ring.raw)
        part = PyBytes_FromStringAndSize(NULL, <Py_ssize_t>(waiting * ring.size))
        done = _copy_out(ring, side, PyBytes_AS_STRING(part), waiting)
        if done == 0:
            break
        parts.append(part[:done * ring.size])
    records = b"".join(parts)
    if ring.dtype is None:
        return records
    import numpy

    return numpy.frombuffer(bytearray(records), dtype=ring.dtype)


@cython.final
cdef class Producer:
    """The pushing side of a ring, for one thread. From :meth:`SpscRing.producer`.

    Between :meth:`reserve` and :meth:`commit` the object is a writable buffer: the slot of the next record.
    """

    def __cinit__(self, SpscRing ring not None):
        if ring.producer_split:
            raise BufferError("the producer of this ring was given out already")
        ring.take_producer()
        ring.producer_split = True
        self.ring = ring

    def try_push(self, record):
        """As :meth:`SpscRing.try_push`."""
        self._refuse_reserved()
        return _try_push(self.ring, record)

    def push_batch(self, records):
        """As :meth:`SpscRing.push_batch`."""
        self._refuse_reserved()
        return _push_batch(self.ring, records)

    def reserve(self):
        """The slot of the next record as a writable memoryview, or None when the ring is full.

        Nothing is visible before :meth:`commit`; a view that is written to afterwards writes into what the consumer
        reads. Raises ValueError for a closed ring.
        """
        cdef llt_spsc_producer *side = &self.ring.sides.producer
        if llt_spsc_is_closed(self.ring.raw):
            _refuse_closed()
        self.slot = llt_seq_reserve(side) if self.ring.sequenced else llt_idx_reserve(side)
        if self.slot is NULL:
            return None
        return memoryview(self)

    def commit(self):
        """Send the record in the reserved slot. Raises BufferError without a reserve before it."""
        if self.slot is NULL:
            raise BufferError("commit without a reserved slot")
        self.slot = NULL
        if self.ring.sequenced:
            llt_seq_commit(&self.ring.sides.producer)
        else:
            llt_idx_commit(&self.ring.sides.producer, 1)

    def close(self):
        """As :meth:`SpscRing.close`."""
        self.ring.close()

    cdef _refuse_reserved(self):
        if self.slot is not NULL:
            raise BufferError("a slot is reserved: commit it first")

    def __getbuffer__(self, Py_buffer *buffer, int flags):
        if self.slot is NULL:
            raise BufferError("no slot is reserved")
        PyBuffer_FillInfo(buffer, self, self.slot, <Py_ssize_t>self.ring.size, 0, flags)


@cython.final
cdef class Consumer:
    """The popping side of a ring, for one thread. From :meth:`SpscRing.consumer`.

    Between :meth:`peek` and :meth:`release` the object is a read-only buffer: the oldest record.
    """

    def __cinit__(self, SpscRing ring not None):
        if ring.consumer_split:
            raise BufferError("the consumer of this ring was given out already")
        ring.take_consumer()
        ring.consumer_split = True
        self.ring = ring

    def try_pop(self):
        """As :meth:`SpscRing.try_pop`."""
        self.slot = NULL
        return _try_pop(self.ring)

    def pop_batch(self, records):
        """As :meth:`SpscRing.pop_batch`."""
        self.slot = NULL
        return _pop_batch(self.ring, records)

    def drain(self):
        """As :meth:`SpscRing.drain`."""
        self.slot = NULL
        return _drain(self.ring)

    def peek(self):
        """The oldest record as a read-only memoryview, or None when the ring is empty. It stays until released."""
        self.slot = _peek(self.ring, &self.ring.sides.consumer)
        if self.slot is NULL:
            return None
        return memoryview(self)

    def release(self):
        """Give the peeked record's slot back; its view must not be read afterwards. BufferError without a peek."""
        if self.slot is NULL:
            raise BufferError("release without a peeked record")
        self.slot = NULL
        _release(self.ring, &self.ring.sides.consumer)

    def close(self):
        """As :meth:`SpscRing.close`: tells the producer that nobody reads any more."""
        self.ring.close()

    @property
    def is_closed(self):
        """As :attr:`SpscRing.is_closed`."""
        return llt_spsc_is_closed(self.ring.raw)

    def __getbuffer__(self, Py_buffer *buffer, int flags):
        if self.slot is NULL:
            raise BufferError("no record is peeked")
        PyBuffer_FillInfo(buffer, self, <void *>self.slot, <Py_ssize_t>self.ring.size, 1, flags)
