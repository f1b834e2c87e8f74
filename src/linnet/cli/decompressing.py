"""A compressed table becomes the file that it was."""

import gzip
from pathlib import Path
from typing import Any, Final

from linnet.cli.files import check_output
from linnet.cli.terminal import note
from linnet.compression.container import Kind, unpack_table
from linnet.compression.lines import lines_of
from linnet.compression.tables import arrow_of
from linnet.data.atomic import atomic_write
from linnet.data.contents import read_as_stored
from linnet.data.writing import write_table
from linnet.errors import SettingError

__all__ = ["decompress_file"]

_BINARY: Final = (".parquet", ".arrow", ".feather")


def decompress_file(file: Path, output: Path) -> None:
    """Write the table in a file, whole or not at all."""
    check_output(output, file)
    contents = unpack_table(read_as_stored(file))
    binary = output.suffix.lower() in _BINARY
    if contents.kind is not Kind.ARROW:
        if binary:
            raise SettingError(
                f"{output}: the table was a text file, and comes back as that. Name a file such as "
                f"{output.with_suffix('.csv').name}."
            )
        text = lines_of(contents)
        compressed = output.suffix.lower() == ".gz"
        with atomic_write(output) as temporary:
            temporary.write_bytes(gzip.compress(text, mtime=0) if compressed else text)
        note(f"{output} is the file that was compressed, to the last byte")
        return
    table = arrow_of(contents)
    if binary:
        _write_arrow(table, output)
    else:
        write_table(table, output)
    note(f"{output} has {table.num_rows:,} rows and {table.num_columns} columns")


def _write_arrow(table: Any, output: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    with atomic_write(output) as temporary:
        if output.suffix.lower() == ".parquet":
            parquet.write_table(table, temporary)
            return
        with pa.ipc.new_file(str(temporary), table.schema) as writer:
            writer.write_table(table)
