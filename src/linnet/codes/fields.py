"""Numbers and bytes one after the other, as the formats of codes hold them.

A number has 7 bits a byte, lowest first, and the highest bit of a byte says that more follow.
"""

import zlib
from dataclasses import dataclass
from typing import Final, final

from linnet.errors import DataError

__all__ = ["LONGEST_NUMBER", "Fields", "checksum", "number"]

LONGEST_NUMBER: Final = 9
"""Bytes, for 63 bits: sums of two numbers still fit into 64."""


def number(value: int) -> bytes:
    """Write a number of at most 63 bits."""
    digits = bytearray()
    while value > 127:
        digits.append(value & 127 | 128)
        value >>= 7
    digits.append(value)
    return bytes(digits)


def checksum(data: bytes | memoryview, seed: int = 0) -> bytes:
    """CRC-32 of bytes, begun with a seed, the lowest byte first."""
    return zlib.crc32(data, seed).to_bytes(4, "little")


@final
@dataclass
class Fields:
    """What is left of bytes whose checksum is right: a mistake in them is no accident."""

    left: memoryview

    def take(self, size: int) -> memoryview:
        """Take bytes from the front; DataError if there are not so many."""
        if size > len(self.left):
            raise DataError(
                f"The coded data promise {size} more bytes but have {len(self.left)}. They were "
                "made by other means: encode the symbols again."
            )
        taken, self.left = self.left[:size], self.left[size:]
        return taken

    def number(self) -> int:
        """Take a number; DataError if it has too many bytes."""
        value = 0
        for position in range(LONGEST_NUMBER):
            byte = self.take(1)[0]
            value |= (byte & 127) << (7 * position)
            if byte < 128:
                return value
        raise DataError(
            f"The coded data hold a number of more than {LONGEST_NUMBER} bytes. They were made "
            "by other means: encode the symbols again."
        )

    def close(self) -> None:
        """Raise DataError if anything is left."""
        if len(self.left):
            raise DataError(
                f"The coded data have {len(self.left)} bytes too many. They were made by other "
                "means: encode the symbols again."
            )
