"""llt_cpu.h for Cython: which of a kernel's paths this CPU runs."""

cdef extern from "llt_cpu.h" nogil:
    ctypedef enum llt_cpu_path:
        LLT_CPU_SCALAR
        LLT_CPU_AVX2
        LLT_CPU_AVX512

    llt_cpu_path llt_cpu_best()
    const char *llt_cpu_name(llt_cpu_path path)


cdef inline llt_cpu_path path_named(object name) except *:
    """The path called ``name``, or the widest for None. Raises ValueError where it is unknown or this CPU lacks it."""
    cdef llt_cpu_path best = llt_cpu_best()
    cdef int path
    if name is None:
        return best
    for path in range(best + 1):
        if llt_cpu_name(<llt_cpu_path>path).decode() == name:
            return <llt_cpu_path>path
    known = [llt_cpu_name(<llt_cpu_path>path).decode() for path in range(best + 1)]
    raise ValueError(f"path {name!r}: this CPU runs {', '.join(known)}")
