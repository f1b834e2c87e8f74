"""A file becomes a compressed table, and an account says what its bytes are for."""

import gzip
import lzma
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

from linnet.cli.files import check_output
from linnet.cli.terminal import note, say, say_json
from linnet.compression.account import TableAccount
from linnet.compression.container import Progress
from linnet.compression.lines import compress_lines
from linnet.compression.tables import compress_arrow
from linnet.data.atomic import atomic_write
from linnet.data.contents import read_as_stored, read_contents
from linnet.errors import TableError
from linnet.reports.compressed import compressed_text

__all__ = ["Compressed", "compress_file"]

_PARQUET: Final = b"PAR1"
_ARROW: Final = b"ARROW1"
# xz takes a second for a megabyte.
_MOST_TO_COMPARE: Final = 1 << 25
_ZSTD_LEVEL: Final = 19


@final
@dataclass(frozen=True)
class Compressed:
    """What was compressed, to be told."""

    table: Path
    output: Path
    account: TableAccount
    others: dict[str, int]

    def tell(self) -> None:
        """Print the account as text."""
        say(compressed_text(self.account, self.others))

    def tell_json(self) -> None:
        """Print the account as JSON."""
        files = {"table": str(self.table), "output": str(self.output)}
        say_json(files | self.account.to_dict() | {"others": self.others})


def compress_file(file: Path, output: Path, *, shown: bool) -> Compressed:
    """Compress a file, and write the result to another, whole or not at all."""
    check_output(output, file)
    stored = read_as_stored(file)
    with _columns_shown(wanted=shown) as progress:
        if stored.startswith((_PARQUET, _ARROW)):
            data, account = compress_arrow(_read_arrow(file, stored), progress)
            content = stored
        else:
            content = read_contents(file)
            data, account = compress_lines(content, progress)
            if content != stored:
                note(f"{file} was itself compressed: the text in it is what comes back")
    with atomic_write(output) as temporary:
        temporary.write_bytes(data)
    return Compressed(file, output, account, _others(content))


def _read_arrow(file: Path, stored: bytes) -> Any:
    import pyarrow as pa
    from pyarrow import parquet

    source = pa.BufferReader(stored)
    try:
        if stored.startswith(_PARQUET):
            return parquet.read_table(source)
        return pa.ipc.open_file(source).read_all()
    except (pa.ArrowException, OSError) as error:
        raise TableError(f"{file}: it cannot be read: {error}. Take an intact copy.") from error


def _others(content: bytes) -> dict[str, int]:
    """Sizes of the file as it is, and as other programs compress it."""
    import pyarrow as pa

    sizes = {"file": len(content)}
    if len(content) > _MOST_TO_COMPARE:
        note("the file is too large for a comparison with gzip, zstd and xz to be quick")
        return sizes
    sizes["gzip -9"] = len(gzip.compress(content, 9))
    if pa.Codec.is_available("zstd"):
        codec = pa.Codec("zstd", compression_level=_ZSTD_LEVEL)
        sizes[f"zstd -{_ZSTD_LEVEL}"] = len(codec.compress(content, asbytes=True))
    sizes["xz -9"] = len(lzma.compress(content, preset=9))
    return sizes


@contextmanager
def _columns_shown(*, wanted: bool) -> Iterator[Progress | None]:
    """Show which column is being coded, if standard error is a terminal."""
    if not (wanted and sys.stderr.isatty()):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("learning the order", total=None)

        def show(name: str, done: int, total: int) -> None:
            bar.update(task, description=f"column {name}", completed=done, total=total)

        yield show
