"""What the kernel said of its command line while it booted: only there does it admit that it does not know a word."""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lltool.root import Root

_LOG = "/dev/kmsg"
_BOOT_RECORDS = 4000  # the command line is settled within the first few hundred
_ALL_RECORDS = 1_000_000  # more than the largest ring (CONFIG_LOG_BUF_SHIFT=25) holds
_TIME = 2  # "priority,sequence,microseconds,flags": the place of the time
_RECORD_BYTES = 8192  # what a record may measure at most (PRINTK_MESSAGE_MAX and its prefix)
_UNKNOWN = re.compile(r'Unknown kernel command line parameters "(.*)", will be passed to user space')
_WORDS_OF_INTEREST = ("Full dynticks CPUs", "Offload RCU callbacks", "isolcpus:", "Dynamic Preempt", "HugeTLB:")


@dataclass(frozen=True, slots=True)
class KernelLog:
    """``unknown``: the words that the kernel did not know. ``lines``: what it says of isolation and ticks."""

    unknown: tuple[str, ...]
    lines: tuple[str, ...]

    def ignores(self, argument: str) -> bool:
        """Whether the kernel said that it does not know this word of its command line."""
        return argument in self.unknown

    def about(self, words: str) -> str:
        """The first line that holds these words; empty where there is none."""
        return next((line for line in self.lines if words in line), "")


@dataclass(frozen=True, slots=True)
class Message:
    """One message: seconds since boot, without the time in which the machine was suspended."""

    seconds: float
    text: str


def read_messages(root: Root) -> list[Message]:
    """Read all that the log still holds, oldest first; empty where this user may not."""
    try:
        records = _records(root, _ALL_RECORDS)
    except OSError:
        return []
    heads = (record.partition(";") for record in records)
    return [Message(int(fields[2]) / 1e6, text) for head, _, text in heads if len(fields := head.split(",")) > _TIME]


def read_kernel_log(root: Root) -> KernelLog | None:
    """Read the log of the boot; ``None`` where this user may not, or where it no longer reaches back to the boot."""
    try:
        records = _records(root, _BOOT_RECORDS)
    except OSError:
        return None
    if not records or not _is_first(records[0]):
        return None
    messages = [record.partition(";")[2] or record for record in records]
    unknown = [word for message in messages if (match := _UNKNOWN.search(message)) for word in match[1].split()]
    lines = [message for message in messages if any(words in message for words in _WORDS_OF_INTEREST)]
    return KernelLog(tuple(unknown), tuple(lines))


def _is_first(record: str) -> bool:
    # "priority,sequence,microseconds,flags;message": the ring has not yet overwritten its beginning.
    fields = record.partition(";")[0].split(",")
    return len(fields) > 1 and fields[1] == "0"


def _records(root: Root, most: int) -> list[str]:
    return _live_records(root.path(_LOG), most) if root.is_live else root.read(_LOG).splitlines()


def _live_records(path: str, most: int) -> list[str]:
    """Each read gives one record; the oldest comes first."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    records: list[str] = []
    try:
        while len(records) < most:
            try:
                record = os.read(descriptor, _RECORD_BYTES)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno == errno.EPIPE:  # overwritten while reading: the next read goes on
                    continue
                raise
            records.append(record.decode("utf-8", errors="replace").splitlines()[0])
    finally:
        os.close(descriptor)
    return records
