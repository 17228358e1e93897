from lltool.kernels.pipeline cimport Pipeline


cdef class TradingPipeline(Pipeline):
    cdef tuple sets
