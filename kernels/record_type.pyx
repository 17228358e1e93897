"""Types of records: what a caller names as one, a number of bytes or a NumPy dtype, and those that kernels declare."""

cimport cython
from libc.stddef cimport size_t
from libc.stdint cimport SIZE_MAX


cdef object record_dtype(object record):
    # None for plain bytes. Whoever has a dtype has NumPy; whoever asks for bytes does not wait for its import.
    if isinstance(record, int):
        return None
    import numpy

    dtype = numpy.dtype(record)
    if dtype.hasobject:
        raise ValueError(f"dtype {dtype}: a record holds values, not references to Python objects")
    return dtype


cdef size_t record_bytes(object record) except 0:
    size = record if isinstance(record, int) else record_dtype(record).itemsize
    if size < 1:
        raise ValueError(f"record of {size} bytes: a record has at least 1 byte")
    if size > SIZE_MAX // 2:
        raise MemoryError(f"no memory for a record of {size} bytes")
    return size


@cython.final
cdef class RecordTypes:
    """The dtypes of a module: ``NAME=(fields, bytes)``, made when a name is first asked for.

    A process that only measures has no need of NumPy, whose import takes longer than many a run; so a kernel keeps
    what its dtypes are made of, and hands :meth:`named` to its ``__getattr__``.
    """

    def __cinit__(self, str module, **declared):
        self.module = module
        self.declared = declared
        self.made = {}

    cdef object named(self, str name):
        found = self.made.get(name)
        if found is None:
            if name not in self.declared:
                raise AttributeError(f"module {self.module!r} has no attribute {name!r}")
            import numpy

            fields, size = self.declared[name]
            found = numpy.dtype(fields)
            if found.itemsize != size:
                raise SystemError(f"{self.module}.{name}: {found.itemsize} bytes, the C structure has {size}")
            self.made[name] = found
        return found
