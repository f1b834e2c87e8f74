"""Time reading a CSV file in chunks, in turn with PyArrow: python benchmarks/scanning.py FILE 7."""

import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter, process_time

import pyarrow as pa
from pyarrow import csv

from linnet.data.missing import MISSING
from linnet.data.scanning import open_tables
from linnet.data.streams import TableStream

BLOCK_BYTES = 1 << 23


def read_with_linnet(stream: TableStream) -> int:
    """Return the number of rows."""
    return sum(chunk.table.n_rows for chunk in stream.chunks())


def read_with_pyarrow(path: str, types: dict[str, pa.DataType]) -> int:
    """Return the number of rows, read with the same types and words for what is missing."""
    reader = csv.open_csv(
        path,
        read_options=csv.ReadOptions(block_size=BLOCK_BYTES),
        convert_options=csv.ConvertOptions(
            null_values=MISSING, strings_can_be_null=True, column_types=types
        ),
    )
    return sum(batch.num_rows for batch in reader)


def timed(function: Callable[..., int], *given: object) -> tuple[float, float]:
    """Return the wall time and CPU time of a call, in seconds."""
    wall, cpu = perf_counter(), process_time()
    function(*given)
    return perf_counter() - wall, process_time() - cpu


def main(path: str, rounds: int) -> None:
    """Print the medians of both."""
    opening = perf_counter()
    stream = open_tables(path, block_bytes=BLOCK_BYTES)
    print(f"opened in {perf_counter() - opening:.2f} s")
    schema = next(stream.chunks()).table.columns.schema
    types = dict(zip(schema.names, schema.types, strict=True))
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(timed(read_with_linnet, stream))
        theirs.append(timed(read_with_pyarrow, path, types))
    for name, times in (("linnet", ours), ("pyarrow", theirs)):
        wall, cpu = (median(column) for column in zip(*times, strict=True))
        print(f"{name:8} {wall:6.2f} s wall {cpu:6.2f} s CPU")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
