"""Each file of a table is opened by the reader of its format, and all must be of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from linnet.data.columnar_part import open_columnar
from linnet.data.contents import is_utf8
from linnet.data.delimited_part import open_delimited
from linnet.data.json_part import open_json_lines
from linnet.data.parts import Part
from linnet.data.reading import HEAD_BYTES, format_of
from linnet.data.stored import StoredFile
from linnet.data.text_blocks import open_head
from linnet.errors import TableError

__all__ = ["TextSettings", "is_libsvm_file", "open_parts"]


@final
@dataclass(frozen=True)
class TextSettings:
    """How text is to be read: as `linnet.data.scanning.open_tables` is told."""

    separator: str | None
    header: bool | None
    encoding: str
    block_bytes: int


def is_libsvm_file(file: StoredFile) -> bool:
    """Tell whether a file is of libsvm, which is no table and has a reader of its own."""
    return format_of(open_head(file, HEAD_BYTES)[0], file.name) == "libsvm"


def open_parts(files: Sequence[StoredFile], settings: TextSettings) -> tuple[Part, ...]:
    """Open files of one format.

    Raises
    ------
    TableError
        If one cannot be read, or is of another format than the first.
    """
    heads = [open_head(file, HEAD_BYTES) for file in files]
    formats = [format_of(head, file.name) for file, (head, _) in zip(files, heads, strict=True)]
    for file, format_ in zip(files, formats, strict=True):
        if format_ != formats[0]:
            raise TableError(
                f"{file.name}: this is {format_}, but {files[0].name} is {formats[0]}. All files "
                "of one table must be of one format."
            )
    if formats[0] in {"delimited", "json lines"}:
        utf8 = is_utf8(settings.encoding)
        can_seek = [utf8 and plain for _, plain in heads]
        if formats[0] == "delimited":
            return _delimited(files, can_seek, settings)
        return open_json_lines(files, can_seek, settings.encoding, settings.block_bytes)
    if formats[0] in {"parquet", "arrow file", "arrow stream"}:
        return tuple(open_columnar(file, formats[0], settings.block_bytes) for file in files)
    raise TableError(
        f"{files[0].name}: {formats[0]} cannot be read in chunks. Write it as CSV or Parquet."
    )


def _delimited(
    files: Sequence[StoredFile], can_seek: Sequence[bool], settings: TextSettings
) -> tuple[Part, ...]:
    separator, header = settings.separator, settings.header
    parts: list[Part] = []
    for file, seek in zip(files, can_seek, strict=True):
        part = open_delimited(
            file,
            separator=separator,
            header=header,
            encoding=settings.encoding,
            block_bytes=settings.block_bytes,
            can_seek=seek,
        )
        # What the first file tells goes for all of them.
        separator, header = part.layout.separator, part.layout.named
        parts.append(part)
    return tuple(parts)
