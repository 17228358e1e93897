"""A request to stop, looked at by hot loops and set by a call or by SIGINT and SIGTERM.

Ordering and signal safety: ``include/llt_shutdown.h``. Chapter 5.8.3.
"""

cimport cython
from cpython.exc cimport PyErr_SetFromErrno
from libc.stdlib cimport free

from lltool.kernels.atomic cimport LLT_LINE, llt_load_acquire, llt_store_release
from lltool.kernels.kill_switch cimport KillSwitch

cdef extern from "<stdlib.h>" nogil:
    void *aligned_alloc(size_t alignment, size_t size)

cdef ShutdownToken _catching = None


@cython.final
cdef class ShutdownToken:
    """Says stop, once. ``with token:`` has SIGINT and SIGTERM set it, also while no Python code runs.

    A second signal of the same kind ends the process as if nothing had been caught. One token at a time catches
    signals (RuntimeError); what they did before is restored at the end of the block. A signal also trips ``kill``
    (KillSource.SIGNAL), before any code that looks at the token runs. MemoryError.
    """

    def __cinit__(self, KillSwitch kill=None):
        self.kill = kill
        self.raw = <llt_shutdown *>aligned_alloc(LLT_LINE, sizeof(llt_shutdown))
        if self.raw is NULL:
            raise MemoryError("no memory for a shutdown token")
        llt_store_release(&self.raw.reason, 0)

    def __dealloc__(self):
        free(self.raw)

    def request(self):
        """Ask every loop that looks at this token to stop."""
        llt_shutdown_request(self.raw, LLT_SHUTDOWN_ASKED)

    @property
    def requested(self):
        """Whether to stop."""
        return llt_shutdown_requested(self.raw)

    @property
    def signal(self):
        """The number of the signal that asked; None when nobody or a call did."""
        cdef uint64_t reason = llt_load_acquire(&self.raw.reason)
        return reason if 0 < reason < LLT_SHUTDOWN_ASKED else None

    def __enter__(self):
        global _catching
        if _catching is not None:
            raise RuntimeError("another shutdown token catches signals")
        if llt_shutdown_install(self.raw, NULL if self.kill is None else self.kill.raw, self.previous) != 0:
            PyErr_SetFromErrno(OSError)
        _catching = self
        return self

    def __exit__(self, *_raised):
        global _catching
        _catching = None
        if llt_shutdown_restore(self.previous) != 0:
            PyErr_SetFromErrno(OSError)
