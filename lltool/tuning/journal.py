"""The journal of one transaction: JSON lines, each with its checksum, synced before the write that it announces.

A process can be killed, or the power fail, at any instant. What follows from the order of the records:

- ``intent`` is on the disk before the first write of its setting, with every old value. An intent that was torn by
  the crash announced a write that never happened, so a damaged last line is dropped.
- ``result`` holds what was read back. A setting with an intent and no result may or may not have been written.
- ``commit`` closes the apply, with the values then in force; ``closed`` the undo.
"""

from __future__ import annotations

import errno
import json
import os
import zlib
from collections.abc import Iterator
from typing import Any

from lltool.errors import LltoolError, from_os_error

Record = dict[str, Any]


class Journal:
    """An append-only file of records. Raises :class:`LltoolError` where the disk does not take them."""

    def __init__(self, path: str) -> None:
        self.path = path

    def append(self, record: Record, *, sync: bool) -> None:
        """Add one record in one write; with ``sync`` it is on the disk when this returns."""
        text = json.dumps(record, separators=(",", ":"))
        line = f"{zlib.crc32(text.encode()):08x} {text}\n".encode()
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                end = os.lseek(descriptor, 0, os.SEEK_END)
                if os.write(descriptor, line) != len(line):
                    # A torn record must not hide those that come after it.
                    os.ftruncate(descriptor, end)
                    raise OSError(errno.ENOSPC, "written only in part", self.path)
                if sync:
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise from_os_error(f"journal {self.path} does not take a record", error) from error

    def records(self) -> list[Record]:
        """All records; a damaged end is dropped, any other damage raises :class:`LltoolError`."""
        return self._load()[0]

    def heal(self) -> None:
        """Cut a damaged end off, so that new records start on a line of their own."""
        end = self._load()[1]
        try:
            os.truncate(self.path, end)
        except OSError as error:
            raise from_os_error(f"journal {self.path} cannot be repaired", error) from error

    def _load(self) -> tuple[list[Record], int]:
        """The records, and where the last good one ends."""
        try:
            with open(self.path, "rb") as file:
                lines = file.read().splitlines(keepends=True)
        except OSError as error:
            raise from_os_error(f"journal {self.path} cannot be read", error) from error
        parsed = [_parse(line) for line in lines]
        good = len(parsed)
        while good and parsed[good - 1] is None:
            good -= 1
        records = [record for record in parsed[:good] if record is not None]
        if len(records) != good:
            raise LltoolError(
                f"journal {self.path} is damaged in line {parsed.index(None) + 1}",
                cause="its checksum does not match and good lines follow",
                next_step="its other lines still name the old values: restore them by hand, then move the file away",
            )
        return records, sum(map(len, lines[:good]))


def _parse(line: bytes) -> Record | None:
    checksum, _, text = line.partition(b" ")
    if not text.endswith(b"\n"):
        return None
    try:
        if int(checksum, 16) != zlib.crc32(text[:-1]):
            return None
        record = json.loads(text)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def of_type(records: list[Record], kind: str) -> Iterator[Record]:
    """The records of one type, in order."""
    return (record for record in records if record["type"] == kind)
