"""Text files in blocks of whole lines.

Belongs here: blocks, their decoding, where lines begin and end (numpy, no Python per line).
Does not: cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sources.readers.staging import Unreadable

BLOCK_BYTES = 1 << 24
UNREADABLE_SHARE = 0.1
"""More than a tenth of the lines with bytes that the encoding lacks mean another encoding; a few are damage."""

Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Lines:
    """A block of whole lines as bytes; line i is data[starts[i]:ends[i]], without its line end."""

    data: bytes
    bytes_: npt.NDArray[np.uint8]
    starts: Positions
    ends: Positions

    def line(self, number: int) -> bytes:
        return self.data[int(self.starts[number]) : int(self.ends[number])]


def blocks(file: Path) -> Iterator[bytes]:
    """Blocks that end with a line end; one is added where the last line has none."""
    with file.open("rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            if not block.endswith(b"\n"):
                block += stream.readline()
            yield block if block.endswith(b"\n") else block + b"\n"


def lines_of(block: bytes) -> Lines:
    """Where the lines of a block are; a carriage return before the line feed belongs to the line end."""
    array = np.frombuffer(block, dtype=np.uint8)
    feeds = np.flatnonzero(array == 10).astype(np.int64)
    starts = np.concatenate([np.zeros(1, np.int64), feeds[:-1] + 1])
    ends = feeds - ((feeds > starts) & (array[np.maximum(feeds - 1, 0)] == 13))
    return Lines(block, array, starts, ends)


class Decoder:
    """Turns blocks into UTF-8; damaged characters become U+FFFD, and too many of them mean another encoding."""

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding
        self.lines = self.damaged = 0

    def to_utf8(self, block: bytes) -> bytes:
        self.lines += block.count(b"\n")
        try:
            text = block.decode(self.encoding)
            return block if self.encoding == "utf-8" else text.encode("utf-8")
        except UnicodeDecodeError:
            text = block.decode(self.encoding, errors="replace")
            self.damaged += sum("\ufffd" in line for line in text.split("\n"))
            return text.encode("utf-8", errors="replace")

    def check(self) -> None:
        """After the last block. Raises Unreadable for a file in another encoding."""
        if self.damaged > UNREADABLE_SHARE * max(self.lines, 1):
            raise Unreadable(f"{self.damaged} of {self.lines} lines are not {self.encoding.upper()}")
