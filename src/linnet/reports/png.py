"""A small picture as PNG inside an address, so that a page needs no other file."""

import struct
import zlib
from base64 import b64encode

import numpy as np
from jaxtyping import Float, UInt8

from linnet.types import Array

__all__ = ["png_address", "signed_colours"]


def png_address(pixels: UInt8[Array, "h w 4"]) -> str:
    """Write pixels of red, green, blue and opacity as the address of a picture.

    References
    ----------
    ISO/IEC 15948:2004, *Portable Network Graphics*, sections 5 and 11.

    Examples
    --------
    >>> import numpy as np
    >>> png_address(np.zeros((1, 1, 4), dtype=np.uint8))[:40]
    'data:image/png;base64,iVBORw0KGgoAAAANSU'
    """
    height, width, _ = pixels.shape
    # Each row begins with its filter: 0 for none.
    rows = np.concatenate(
        [np.zeros((height, 1), dtype=np.uint8), pixels.reshape(height, -1)], axis=1
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(name, data)
        for name, data in (
            (b"IHDR", header),
            (b"IDAT", zlib.compress(rows.tobytes(), 9)),
            (b"IEND", b""),
        )
    )
    return f"data:image/png;base64,{b64encode(content).decode()}"


def signed_colours(
    values: Float[Array, "h w"],
    largest: float,
    positive: tuple[int, int, int],
    negative: tuple[int, int, int],
) -> UInt8[Array, "h w 4"]:
    """Colour numbers by their sign, the larger the more opaque; zero shows what lies behind.

    Examples
    --------
    >>> import numpy as np
    >>> signed_colours(np.array([[0.5, -1.0]]), 1.0, (0, 0, 255), (255, 0, 0))[0].tolist()
    [[0, 0, 255, 128], [255, 0, 0, 255]]
    """
    colours = np.where((values > 0)[..., None], np.array(positive), np.array(negative))
    opacity = np.rint(255 * np.abs(values) / largest) if largest > 0 else np.zeros(values.shape)
    return np.concatenate([colours, opacity[..., None]], axis=2).astype(np.uint8)


def _chunk(name: bytes, data: bytes) -> bytes:
    check = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)
