from libc.stdint cimport int64_t, uint64_t

from lltool.kernels.breaker cimport llt_breaker
from lltool.kernels.int128 cimport llt_int128
from lltool.kernels.log_ring cimport llt_log
from lltool.kernels.router cimport llt_order_event, llt_router


cdef extern from "llt_order_manager.h" nogil:
    ctypedef struct llt_order_manager:
        llt_router *router
        int64_t number
        uint64_t held_by_breaker

    int llt_manager_init(
        llt_order_manager *manager, llt_router *router, llt_breaker *breaker, llt_log *log, int64_t number)
    void llt_manager_destroy(llt_order_manager *manager)
    bint llt_manager_on(llt_order_manager *manager, uint64_t id, llt_order_event event, int64_t now_ns)
    bint llt_manager_fill(
        llt_order_manager *manager, uint64_t id, uint64_t execution_id, int64_t price, int64_t quantity,
        int64_t cumulative, llt_int128 fee, int64_t now_ns)
