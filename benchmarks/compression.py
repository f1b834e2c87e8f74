"""Whole tables compressed: by linnet, gzip, zstd, xz and Parquet with zstd, and how fast.

Times are those of the processor, on one thread, the least of the rounds. Parquet holds the table
as pyarrow reads it: values, not the text.

    python -m benchmarks.compression [rounds]
"""

import gzip
import io
import lzma
import sys
import time
from pathlib import Path

import pyarrow as pa
from pyarrow import csv, parquet

from benchmarks.data import DATA
from linnet.compression.layout import split_lines
from linnet.compression.lines import compress_lines, decompress_lines

TABLES = {
    "Adult": "adult/adult-train.csv",
    "mushroom": "uci_mushroom/agaricus-lepiota.data",
    "letter": "letter/letter-recognition.data",
    "diamonds": "diamonds/diamonds.csv",
    "covtype, 20,000 rows": "covtype_20k/covtype.20k.data",
    "hflights": "hflights/hflights.csv.gz",
    "Beijing air, 12 stations": "beijing_air_quality/*.csv",
}


def content(pattern: str) -> bytes:
    """Lines of a file, or of several with the same header."""
    files = sorted(Path(DATA).glob(pattern))
    parts = [
        gzip.decompress(f.read_bytes()) if f.suffix == ".gz" else f.read_bytes() for f in files
    ]
    return parts[0] + b"".join(part.split(b"\n", 1)[1] for part in parts[1:])


def parquet_size(text: bytes) -> int:
    """Bytes of Parquet with zstd at its highest usual level, and dictionaries where it wants."""
    layout, _ = split_lines(text)
    options = csv.ReadOptions(autogenerate_column_names=not layout.header)
    table = csv.read_csv(io.BytesIO(text), options)
    stream = io.BytesIO()
    parquet.write_table(table, stream, compression="zstd", compression_level=19)
    return len(stream.getvalue())


def measured(text: bytes, rounds: int) -> tuple[int, float, float]:
    """Bytes, and megabytes a second both ways."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        data, _ = compress_lines(text)
        between = time.process_time()
        back = decompress_lines(data)
        end = time.process_time()
        if back != text:
            raise ValueError("what came back is not what was compressed")
        times.append((between - start, end - between))
    best = [len(text) / 1e6 / min(each) for each in zip(*times, strict=True)]
    return len(data), best[0], best[1]


def main() -> None:
    """Print a table of all."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    zstd = pa.Codec("zstd", compression_level=19)
    print(
        "| table | file | gzip -9 | zstd -19 | Parquet, zstd -19 | xz -9 | linnet | less than "
        "the best | compress, MB/s | decompress |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name, pattern in TABLES.items():
        text = content(pattern)
        others = {
            "gzip": len(gzip.compress(text, 9)),
            "zstd": len(zstd.compress(text, asbytes=True)),
            "Parquet": parquet_size(text),
            "xz": len(lzma.compress(text, preset=9)),
        }
        size, encode, decode = measured(text, rounds)
        saved = 1 - size / min(others.values())
        sizes = " | ".join(f"{each:,}" for each in (len(text), *others.values()))
        print(
            f"| {name} | {sizes} | {size:,} | {saved:.0%} | {encode:.1f} | {decode:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
