"""A loop round one operation on one core, in both modes: what the modules beside this one have in common."""

from lltool.kernels.recorder cimport Recorder


cdef class Loop:
    """Operations on one core. A kind of loop sets what it runs, and on what."""

    def block(self, size_t count):
        """Make ``count`` in one stretch; returns their length in ticks."""
        cdef uint64_t ticks
        with nogil:
            ticks = self.run(self.things, NULL, count)
        return ticks

    def each(self, Recorder recorder, size_t count):
        """Make ``count`` and record the ticks of each."""
        cdef llt_recorder *raw = recorder.raw
        with nogil:
            self.run(self.things, raw, count)


cdef class Cycle:
    """A list of things that repeats without end. A kind of it sets what it takes turns in, on what, and the length."""

    def __len__(self):
        return self.length

    def block(self, size_t count):
        """Take the next ``count`` in one stretch: ``(ticks, how many came out well)``."""
        cdef uint64_t ticks
        cdef size_t good
        with nogil:
            good = self.turns(self.things, self.length, &self.position, NULL, count, &ticks)
        return ticks, good

    def each(self, Recorder recorder, size_t count):
        """Take the next ``count`` and record the ticks of each; returns how many came out well."""
        cdef llt_recorder *raw = recorder.raw
        cdef size_t good
        with nogil:
            good = self.turns(self.things, self.length, &self.position, raw, count, NULL)
        return good
