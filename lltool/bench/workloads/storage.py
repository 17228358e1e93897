"""Reading 4 kB from storage, past the page cache."""

from __future__ import annotations

import errno
import os
import random
import tempfile
import time
from array import array
from collections.abc import Sequence

from lltool.bench.recording import histogram
from lltool.bench.workload import Effort, Measurement, NotApplicable
from lltool.kernels.loops.storage import read_each
from lltool.kernels.memory import Mapping
from lltool.kernels.recorder import Recorder

FOLDER = "/var/tmp"  # noqa: S108 - storage, where /tmp may be memory; the file has no name there
FILE_BYTES = 16 << 20
READ_BYTES = 4096
READS_PER_LOOK = 16
SEED = 4096


def read_4k(_cores: Sequence[int], effort: Effort) -> Measurement:
    """Reads at random places of a file of 16 MiB that has no name and vanishes with the process."""
    buffer = Mapping(READ_BYTES, "4k")
    descriptor = _open()
    try:
        _fill(descriptor, buffer)
        recorder = Recorder(effort.samples)
        source = random.Random(SEED)  # noqa: S311 - a workload, not a secret
        deadline = time.monotonic() + effort.seconds
        while recorder.count < effort.samples and (recorder.count == 0 or time.monotonic() < deadline):
            reads = min(READS_PER_LOOK, effort.samples - recorder.count)
            places = array("q", (source.randrange(FILE_BYTES // READ_BYTES) * READ_BYTES for _ in range(reads)))
            read_each(descriptor, buffer, READ_BYTES, places, recorder)
        device = os.fstat(descriptor).st_dev
    finally:
        os.close(descriptor)
    return Measurement(
        samples=histogram(recorder),
        notes={
            "folder": FOLDER,
            "device": f"{os.major(device)}:{os.minor(device)}",
            "file_bytes": FILE_BYTES,
            "cached_below": "not known: a controller or a hypervisor may answer from its own memory",
        },
    )


def _open() -> int:
    """A file without a name, opened past the page cache."""
    try:
        try:
            return os.open(FOLDER, os.O_TMPFILE | os.O_RDWR | os.O_DIRECT, 0o600)
        except OSError as error:
            if error.errno not in {errno.EOPNOTSUPP, errno.EISDIR}:
                raise
        descriptor, path = tempfile.mkstemp(dir=FOLDER)
        os.close(descriptor)
        try:
            return os.open(path, os.O_RDWR | os.O_DIRECT)
        finally:
            os.unlink(path)
    except OSError as error:
        if error.errno == errno.EINVAL:
            raise NotApplicable(f"the file system of {FOLDER} has no O_DIRECT") from error
        if error.errno in {errno.EACCES, errno.EROFS, errno.ENOENT}:
            raise NotApplicable(f"no file can be made in {FOLDER}: {os.strerror(error.errno).lower()}") from error
        raise


def _fill(descriptor: int, buffer: Mapping) -> None:
    # Not zeros, and not a hole: both can be answered without a look at the medium.
    page = memoryview(buffer)
    chunk = page[: len(page)]
    chunk[:] = random.Random(SEED).randbytes(len(page))  # noqa: S311 - a workload, not a secret
    written = 0
    try:
        while written < FILE_BYTES:
            written += os.pwrite(descriptor, chunk[: FILE_BYTES - written], written)
        os.fsync(descriptor)
    except OSError as error:
        if error.errno == errno.EINVAL:
            raise NotApplicable(f"the file system of {FOLDER} has no O_DIRECT") from error
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise NotApplicable(f"{FOLDER} has no room for {FILE_BYTES >> 20} MiB") from error
        raise
