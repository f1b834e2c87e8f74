import csv
import io
import string
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from linnet.data.reading import read_table
from linnet.data.scanning import open_tables

texts = st.text(st.sampled_from(string.ascii_letters + ',; "\n\r#é漢🐦'), max_size=8).map(
    lambda rest: f"x{rest}y"
)
COLUMNS = {
    "integer": st.integers(-(10**12), 10**12).map(str),
    "float": st.floats(allow_nan=False, allow_infinity=False).map(repr),
    "text": texts,
    "boolean": st.sampled_from(["true", "false"]),
    "date": st.dates().map(str),
}
missing = st.sampled_from(["", "NA", " ? "])


def whole(stream, columns=None):
    """All chunks of a stream as one Arrow table."""
    return pa.concat_tables([chunk.table.columns for chunk in stream.chunks(columns)])


def same(found, expected):
    assert found.column_names == expected.column_names
    assert found.schema.types == expected.schema.types
    assert found.combine_chunks().equals(expected.combine_chunks())


@st.composite
def csv_texts(draw):
    kinds = draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=4))
    row = st.tuples(*(COLUMNS[kind] | missing for kind in kinds))
    rows = draw(st.lists(row, min_size=1, max_size=20))
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator=draw(st.sampled_from(["\n", "\r\n"])))
    writer.writerows([[f"{kind}{i}" for i, kind in enumerate(kinds)], *rows])
    return stream.getvalue().encode()


@given(csv_texts(), st.integers(1, 200))
def test_blocks_of_any_size_give_what_reading_the_whole_file_gives(text, block_bytes):
    with TemporaryDirectory() as folder:
        file = Path(folder, "x.csv")
        file.write_bytes(text)
        expected = read_table(file, separator=",", header=True).columns
        stream = open_tables(file, separator=",", header=True, block_bytes=block_bytes)
        chunks = list(stream.chunks())

        if expected.num_rows:
            same(pa.concat_tables([chunk.table.columns for chunk in chunks]), expected)
        rows = np.cumsum([0, *(chunk.table.n_rows for chunk in chunks)])
        assert [chunk.first_row for chunk in chunks] == [row + 1 for row in rows[:-1]]
        read = [chunk.bytes_read for chunk in chunks]
        assert read == sorted(read)
        assert read[-1] <= stream.n_bytes == len(text)
