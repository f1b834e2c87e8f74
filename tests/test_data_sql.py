"""Queries of DuckDB, SQLite and PostgreSQL give the rows that were put in, pass after pass."""

import os
import pwd
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from adbc_driver_postgresql import dbapi
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import csv, parquet

from linnet.data import sql_postgresql, sql_sqlite
from linnet.data.reading import read_table
from linnet.data.sql import open_query
from linnet.data.streams import TableStream
from linnet.errors import MissingDependencyError, SettingError, TableError

N_ROWS = 1000
BIRDS = pa.table(
    {
        "id": np.arange(N_ROWS),
        "grams": np.where(np.arange(N_ROWS) % 7 == 0, None, np.arange(N_ROWS) / 8).tolist(),
        "bird": [f"Vögel {i % 13} 'x'" for i in range(N_ROWS)],
        "seen": [date(2024, 1, 1 + i % 28) for i in range(N_ROWS)],
    }
)


def rows_of(stream, columns=None):
    """All rows, as a dict of columns, after checking that every chunk has the same types."""
    tables = [chunk.table.columns for chunk in stream.chunks(columns)]
    assert len({table.schema for table in tables}) <= 1
    return pa.concat_tables(tables).to_pydict()


def write_sqlite(path, *statements, many=()):
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)
        if many:
            places = ", ".join("?" * len(many[0]))
            connection.executemany(f"INSERT INTO t VALUES ({places})", many)


@pytest.fixture(scope="session")
def server():
    """The address of a PostgreSQL server of our own, which answers on a socket only."""
    if not shutil.which("initdb") or not shutil.which("pg_ctl"):
        pytest.skip("PostgreSQL's initdb and pg_ctl are not installed")
    # PostgreSQL refuses to run as root.
    other = {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []}
    who = other if os.getuid() == 0 else {}
    # A socket's path has at most some 100 characters: pytest's own folders are too deep.
    with TemporaryDirectory(prefix="linnet-") as folder:
        if who:
            shutil.chown(folder, "nobody")
        Path(folder).chmod(0o755)
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        data = f"{folder}/data"

        def run(*command):
            result = subprocess.run(command, capture_output=True, check=False, cwd=folder, **who)
            assert result.returncode == 0, result.stderr

        run("initdb", "-D", data, "-A", "trust", "-U", "linnet", "-E", "UTF8", "--no-sync")
        run("pg_ctl", "-D", data, "-w", "-o", options, "-l", f"{folder}/log", "start")
        yield f"postgresql://linnet@/postgres?host={folder}"
        run("pg_ctl", "-D", data, "-m", "immediate", "stop")


def told_to(server, *statements):
    with (
        closing(dbapi.connect(server, autocommit=True)) as connection,
        closing(connection.cursor()) as cursor,
    ):
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture
def birds_file(tmp_path):
    file = tmp_path / "birds.parquet"
    parquet.write_table(BIRDS, file)
    return file


@pytest.fixture(params=["csv", "parquet", "duckdb", "sqlite", "postgresql"])
def birds(request, tmp_path, birds_file):
    """The same rows in each database: what to ask it, and which."""
    if request.param == "parquet":
        return f"SELECT * FROM '{birds_file}'", None
    if request.param == "csv":
        csv.write_csv(BIRDS, tmp_path / "birds.csv")
        return f"SELECT * FROM '{tmp_path}/*.csv'", None
    if request.param == "duckdb":
        with duckdb.connect(tmp_path / "birds.ddb") as connection:
            connection.execute(f"CREATE TABLE t AS SELECT * FROM '{birds_file}'")
        return "t", tmp_path / "birds.ddb"
    if request.param == "sqlite":
        rows = [(r["id"], r["grams"], r["bird"], r["seen"].isoformat()) for r in BIRDS.to_pylist()]
        write_sqlite(
            tmp_path / "b.db", "CREATE TABLE t (id INTEGER, grams, bird TEXT, seen DATE)", many=rows
        )
        return "t", str(tmp_path / "b.db")
    address = request.getfixturevalue("server")
    told_to(address, "DROP TABLE IF EXISTS t")
    with closing(dbapi.connect(address)) as connection, closing(connection.cursor()) as cursor:
        cursor.adbc_ingest("t", BIRDS)
        connection.commit()
    return "SELECT * FROM t ORDER BY id; ", address


def test_every_database_gives_the_rows_and_types_of_the_same_table_read_from_a_file(
    birds, birds_file
):
    query, database = birds
    expected = read_table(birds_file).columns

    stream = open_query(query, database=database, rows=300)
    chunks = list(stream.chunks())
    found = pa.concat_tables([chunk.table.columns for chunk in chunks])

    assert isinstance(stream, TableStream)
    assert stream.names == ("id", "grams", "bird", "seen")
    assert stream.n_bytes is None
    assert found.cast(expected.schema).equals(expected)
    assert found.schema.types == [pa.int64(), pa.float64(), pa.string(), pa.date32()]
    assert max(chunk.table.n_rows for chunk in chunks) <= 300
    ends = np.cumsum([chunk.table.n_rows for chunk in chunks])
    assert [chunk.first_row for chunk in chunks] == [1, *(ends[:-1] + 1).tolist()]


def test_passes_repeat_and_give_only_the_columns_asked_for(birds):
    query, database = birds
    stream = open_query(query, database=database)

    first, second = rows_of(stream), rows_of(stream)

    assert first == second
    assert rows_of(stream, ["seen", "id"]) == {"seen": first["seen"], "id": first["id"]}
    with pytest.raises(TableError, match=r"no column 'gram'\. Did you mean 'grams'"):
        next(iter(stream.chunks(["gram"])))


def test_an_order_asked_for_is_kept(birds):
    query, database = birds
    where = "t" if database else query.removeprefix("SELECT * FROM ")
    stream = open_query(f"SELECT id FROM {where} ORDER BY -id LIMIT 500", database=database)

    assert rows_of(stream) == {"id": list(range(N_ROWS - 1, N_ROWS - 501, -1))}


def test_what_does_not_fit_into_the_memory_of_duckdb_is_put_on_disk():
    query = "SELECT i, hash(i) AS h FROM range(4000000) t(i) ORDER BY hash(i)"
    stream = open_query(query, memory=100 * 10**6)

    chunks = stream.chunks(["i"])
    first = next(chunks).table.n_rows
    folders = list(Path(gettempdir()).glob(f"linnet-{os.getpid()}-*"))
    total = first + sum(chunk.table.n_rows for chunk in chunks)

    assert total == 4_000_000
    assert len(folders) == 1
    assert not folders[0].exists()


def test_a_pass_may_be_given_up_and_two_may_run_at_once(birds):
    query, database = birds
    stream = open_query(query, database=database, rows=100)

    given_up = stream.chunks()
    next(given_up)
    given_up.close()
    both = zip(stream.chunks(), stream.chunks(), strict=True)

    assert sum(one.table.n_rows for one, _ in both) == N_ROWS


values = st.one_of(
    st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=20),
    st.lists(st.none() | st.floats(allow_nan=False), min_size=1, max_size=20),
    st.lists(
        st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
        min_size=1,
        max_size=20,
    ),
)


@given(column=values)
def test_sqlite_and_duckdb_return_each_value_as_it_was_stored(column):
    kind = "DOUBLE" if any(isinstance(v, float) for v in column) else "BIGINT"
    kind = "VARCHAR" if any(isinstance(v, str) for v in column) else kind
    with TemporaryDirectory() as folder:
        write_sqlite(f"{folder}/s", "CREATE TABLE t (x)", many=[(v,) for v in column])
        with duckdb.connect(f"{folder}/d") as connection:
            connection.execute(f"CREATE TABLE t (x {kind})")
            connection.executemany("INSERT INTO t VALUES (?)", [[v] for v in column])

        assert rows_of(open_query("t", database=f"{folder}/s", rows=7)) == {"x": column}
        assert rows_of(open_query("t", database=f"{folder}/d", rows=7)) == {"x": column}


def test_a_sqlite_column_has_the_one_type_that_all_its_values_fit(tmp_path):
    rows = [
        (1, 1, "NA", "x", "2024-02-29", "2024-02-29", 1, "2024-02-29 10:00:00", None),
        (2, 0.5, 7, 3, "2024-03-01", "2024-02-31", 0, "2024-03-01T10:00:00.25", None),
        (3, None, "", 2.5, None, "2024-03-01", None, None, None),
    ]
    declared = "a, b, c, d, e DATE, f DATE, g BOOLEAN, h TIMESTAMP, i TEXT"
    write_sqlite(tmp_path / "db", f"CREATE TABLE t ({declared})", many=rows)

    stream = open_query("t", database=tmp_path / "db", rows=1)
    found = rows_of(stream)
    kinds = next(iter(stream.chunks())).table.columns.schema.types

    assert kinds == [
        *(pa.int64(), pa.float64(), pa.int64(), pa.string(), pa.date32(), pa.string()),
        *(pa.bool_(), pa.timestamp("us"), pa.null()),
    ]
    assert found["b"] == [1.0, 0.5, None]
    assert found["c"] == [None, 7, None]
    assert found["d"] == ["x", "3", "2.5"]
    assert found["e"] == [date(2024, 2, 29), date(2024, 3, 1), None]
    assert found["g"] == [True, False, None]
    assert found["h"][1] == datetime.fromisoformat("2024-03-01T10:00:00.250")
    assert stream.notes == (
        "Column 'c': 2 texts such as 'NA' are read as missing.",
        "Column 'd' holds 2 numbers and 1 texts: all are read as text.",
    )


def test_more_columns_than_are_counted_at_once_are_all_typed(tmp_path, monkeypatch):
    monkeypatch.setattr(sql_sqlite, "_COLUMNS_COUNTED_AT_ONCE", 2)
    write_sqlite(tmp_path / "db", "CREATE TABLE t (a, b, c, d, e)", many=[(1, 2.5, "x", 4, None)])

    found = rows_of(open_query("t", database=tmp_path / "db"))

    assert found == {"a": [1], "b": [2.5], "c": ["x"], "d": [4], "e": [None]}


DUCKDB_TYPES = """SELECT 1::TINYINT AS a, 2::HUGEINT AS b, 1.25::DECIMAL(9, 2) AS c,
'x'::ENUM ('x', 'y') AS d, TIME '06:30:00' AS e, INTERVAL '90 minutes' AS f, true AS g,
TIMESTAMPTZ '2024-01-01 12:00:00+02' AS h, 0.5::FLOAT AS i, 'NaN'::DOUBLE AS j, NULL AS k"""
POSTGRESQL_TYPES = """SELECT 1::int2 AS a, 2::numeric(30) AS b, 1.25::numeric(9, 2) AS c,
'x'::char(5) AS d, time '06:30:00' AS e, interval '90 minutes' AS f, true AS g,
timestamptz '2024-01-01 12:00:00+02' AS h, 0.5::float4 AS i, 'NaN'::numeric AS j,
null::jsonb AS k"""


@pytest.mark.parametrize("query", [DUCKDB_TYPES, POSTGRESQL_TYPES])
def test_decimals_times_and_intervals_become_numbers(query, request):
    database = request.getfixturevalue("server") if query is POSTGRESQL_TYPES else None

    found = rows_of(open_query(query, database=database))

    assert {name: values[0] for name, values in found.items()} == {
        "a": 1,
        "b": 2.0,
        "c": 1.25,
        "d": "x",
        "e": 6.5,
        "f": 1.5,
        "g": True,
        "h": datetime(2024, 1, 1, 10, tzinfo=UTC).replace(tzinfo=None),
        "i": 0.5,
        "j": None,
        "k": None,
    }


@pytest.mark.parametrize("query", ["SELECT [1, 2] AS x", "SELECT 'a'::BLOB AS x"])
def test_lists_and_bytes_are_refused_before_any_row_is_read(query):
    with pytest.raises(TableError, match="column 'x': it holds"):
        open_query(query)


def test_enumerations_addresses_and_arrays_of_postgresql(server):
    told_to(server, "DROP TYPE IF EXISTS mood", "CREATE TYPE mood AS ENUM ('good', 'bad')")
    query = "SELECT 'good'::mood AS m, inet '10.0.0.1' AS i, '3.5'::money AS e"

    assert rows_of(open_query(query, database=server)) == {
        "m": ["good"],
        "i": ["10.0.0.1/32"],
        "e": [3.5],
    }
    with pytest.raises(TableError, match="column 'a': it holds list"):
        open_query("SELECT ARRAY[1, 2] AS a", database=server)
    with pytest.raises(TableError, match="columns share a name: 'a' at positions 1, 2"):
        open_query("SELECT 1 AS a, 2 AS a", database=server)


def test_bytes_of_sqlite_are_refused(tmp_path):
    write_sqlite(tmp_path / "db", "CREATE TABLE t (x)", many=[(b"\x01",)])

    with pytest.raises(TableError, match=r"column 'x': it holds raw bytes \(BLOB\) in 1 rows"):
        open_query("t", database=tmp_path / "db")


def test_names_need_no_care(tmp_path):
    write_sqlite(tmp_path / "db", 'CREATE TABLE "my ""birds""" ("a b", "c""d")')
    write_sqlite(tmp_path / "db", 'INSERT INTO "my ""birds""" VALUES (1, 2)')

    stream = open_query('my "birds"', database=tmp_path / "db")

    assert rows_of(stream) == {"a b": [1], 'c"d': [2]}
    assert rows_of(open_query('SELECT "a b" FROM "my ""birds""" -- all', database=tmp_path / "db"))


def test_a_schema_may_stand_before_the_name_of_a_table(server, tmp_path):
    make = ("CREATE SCHEMA wild", "CREATE TABLE wild.birds AS SELECT 1 AS n")
    told_to(server, "DROP SCHEMA IF EXISTS wild CASCADE", *make)
    with duckdb.connect(tmp_path / "db") as connection:
        for statement in make:
            connection.execute(statement)

    for database in (server, tmp_path / "db"):
        assert rows_of(open_query("wild.birds", database=database)) == {"n": [1]}


def test_unknown_tables_are_told_with_those_there_are(birds):
    _, database = birds
    if database is None:
        with pytest.raises(TableError, match="Table with name nix does not exist"):
            open_query("nix")
        return
    with pytest.raises(TableError, match=r"there is no such table\. The tables are .*'t'"):
        open_query("nix", database=database)
    with pytest.raises(TableError, match=r"nix.*The tables are .*'t'"):
        open_query("SELECT * FROM nix", database=database)


def test_a_syntax_error_is_told_in_the_words_of_the_database(birds):
    _, database = birds
    with pytest.raises(TableError, match=r"syntax error.*FRM|FRM.*syntax error"):
        open_query("SELECT * FRM t WHERE", database=database)
    with pytest.raises(TableError, match="the query is empty"):
        open_query(" ; ", database=database)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM t",
        "CREATE TABLE u AS SELECT * FROM t",
        "SELECT 1; DELETE FROM t",
        "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d",
        "SELECT * FROM t) AS a; DELETE FROM t; SELECT * FROM (SELECT 1",
    ],
)
def test_nothing_is_ever_written(birds, statement, birds_file):
    query, database = birds
    if database is None:
        statement = statement.replace("FROM t", f"FROM '{birds_file}'")
    with pytest.raises(TableError):
        list(open_query(statement, database=database).chunks())

    assert len(rows_of(open_query(query, database=database))["id"]) == N_ROWS


def test_no_file_is_written_by_copy(tmp_path):
    with pytest.raises(TableError, match="nothing is ever written"):
        open_query(f"COPY (SELECT 1) TO '{tmp_path}/out.csv'")

    assert not list(tmp_path.iterdir())


def test_a_function_that_writes_is_refused_by_the_session(server):
    told_to(
        server,
        "CREATE TABLE IF NOT EXISTS log (i int)",
        "CREATE OR REPLACE FUNCTION note() RETURNS int LANGUAGE sql AS "
        "'INSERT INTO log VALUES (1) RETURNING i'",
    )

    with pytest.raises(TableError, match="read-only transaction"):
        list(open_query("SELECT note()", database=server).chunks())


def test_variables_of_the_program_are_no_tables():
    secret = pa.table({"x": [1]})

    with pytest.raises(TableError, match="secret does not exist"):
        open_query("SELECT * FROM secret")
    assert secret.num_rows == 1


@pytest.mark.parametrize("change", ["INSERT INTO t VALUES (4)", "DELETE FROM t WHERE x = 1"])
def test_rows_that_come_or_go_between_passes_are_told(tmp_path, server, change):
    make = ("DROP TABLE IF EXISTS t", "CREATE TABLE t (x int)", "INSERT INTO t VALUES (1), (2)")
    write_sqlite(tmp_path / "s", *make)
    with duckdb.connect(tmp_path / "d") as connection:
        for statement in make:
            connection.execute(statement)
    told_to(server, *make)
    streams = [
        open_query("t", database=where) for where in (tmp_path / "s", tmp_path / "d", server)
    ]
    for stream in streams:
        assert rows_of(stream) == {"x": [1, 2]}

    write_sqlite(tmp_path / "s", change)
    with duckdb.connect(tmp_path / "d") as connection:
        connection.execute(change)
    told_to(server, change)

    for stream in streams:
        with pytest.raises(TableError, match=r"this pass gave \d rows, but the first one 2"):
            rows_of(stream)


def test_a_value_of_another_type_between_passes_is_told(tmp_path):
    write_sqlite(tmp_path / "db", "CREATE TABLE t (x)", many=[(1,), (2,)])
    stream = open_query("t", database=tmp_path / "db", rows=1)

    write_sqlite(tmp_path / "db", "UPDATE t SET x = 'two' WHERE x = 2")

    with pytest.raises(TableError, match="the database failed after 1 rows"):
        rows_of(stream)


def test_a_connection_that_breaks_in_the_middle_of_a_pass_is_told(server, monkeypatch):
    # A small batch leaves most rows on the server when the connection ends.
    monkeypatch.setattr(sql_postgresql, "_BATCH_BYTES", 10_000)
    query = "SELECT i, repeat('x', 100) AS x FROM generate_series(1, 1000000) AS i"
    chunks = open_query(query, database=server, rows=50).chunks()

    assert next(chunks).first_row == 1
    told_to(
        server,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
    )

    with pytest.raises(
        TableError, match=r"failed after \d[\d,]* rows: .*(terminating|closed the) connection"
    ):
        list(chunks)


def test_a_row_that_cannot_be_computed_is_told_with_the_number_of_those_given_before():
    value = "CASE WHEN i > 900000 THEN error('odd bird') ELSE i END"
    chunks = open_query(f"SELECT {value} AS x FROM range(1000000) t(i)").chunks()
    given = []
    with pytest.raises(TableError) as caught:
        given.extend(chunk.table.n_rows for chunk in chunks)

    assert f"failed after {sum(given):,} rows: Invalid Input Error: odd" in str(caught.value)


def test_a_locked_database_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(sql_sqlite, "_PATIENCE", 0.0)
    write_sqlite(tmp_path / "s", "CREATE TABLE t (x)", many=[(1,)])
    with closing(sqlite3.connect(tmp_path / "s")) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        with pytest.raises(TableError, match=r"database is locked.*no other program holds it"):
            open_query("t", database=tmp_path / "s")

    with duckdb.connect(tmp_path / "d") as connection:
        connection.execute("CREATE TABLE t (x int)")
        connection.execute("CHECKPOINT")
        code = f"""if True:
            from linnet.data.sql import open_query
            from linnet.errors import TableError
            try:
                open_query("t", database={str(tmp_path / "d")!r})
            except TableError as error:
                print(error)
        """
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        assert b"cannot be opened" in done.stdout
        assert b"lock" in done.stdout


def test_what_is_no_database_is_told(tmp_path):
    (tmp_path / "birds.csv").write_text("a,b\n1,2\n")
    for database, told in {
        tmp_path / "nix.db": "there is no such database",
        tmp_path / "birds.csv": "neither a DuckDB nor an SQLite file",
        tmp_path: "cannot be read",
        "mysql://root:secret@host/db": "databases of this kind cannot be asked",
    }.items():
        with pytest.raises(TableError, match=told) as caught:
            open_query("t", database=database)
        assert "secret" not in str(caught.value)


def test_a_damaged_file_is_told(tmp_path):
    write_sqlite(tmp_path / "s", "CREATE TABLE t (x)", many=[(i,) for i in range(5000)])
    with duckdb.connect(tmp_path / "d") as connection:
        connection.execute("CREATE TABLE t AS SELECT * FROM range(5000)")
    for file in (tmp_path / "s", tmp_path / "d"):
        content = file.read_bytes()
        file.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
        with pytest.raises(TableError):
            list(open_query("t", database=file).chunks())


def test_no_message_shows_a_password():
    with pytest.raises(TableError, match=r"postgresql://me@localhost:1/db: cannot be opened") as it:
        open_query("t", database="postgresql://me:secret@localhost:1/db?connect_timeout=5")
    assert "secret" not in str(it.value)


@pytest.mark.parametrize(
    ("module", "database"), [("duckdb", None), ("adbc_driver_postgresql", "postgresql://host/db")]
)
def test_a_missing_driver_is_named(module, database, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(MissingDependencyError, match=r"pip install 'linnet\[sql\]'"):
        open_query("t", database=database)


def test_settings_are_checked():
    with pytest.raises(SettingError, match="rows is 0"):
        open_query("SELECT 1", rows=0)


def test_an_empty_answer_has_names_and_no_chunk(birds):
    query, database = birds
    where = "t" if database else query.removeprefix("SELECT * FROM ")
    stream = open_query(f"SELECT * FROM {where} WHERE id < 0", database=database)

    assert stream.names == ("id", "grams", "bird", "seen")
    assert sum(chunk.table.n_rows for chunk in stream.chunks()) == 0


def test_importing_linnet_loads_no_driver():
    code = "import sys, linnet.data.sql; print('duckdb' in sys.modules or 'pyarrow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert done.stdout.split() == [b"False"]


@pytest.mark.parametrize(("given", "limit", "threads"), [(1, 64e6, 1), (300 * 10**6, 300e6, 2)])
def test_duckdb_keeps_to_the_memory_given(given, limit, threads, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    settings = "SELECT current_setting('memory_limit') AS m, current_setting('threads') AS t"
    (chunk,) = open_query(settings, memory=given).chunks()
    told = chunk.table.columns.to_pylist()[0]
    assert float(told["m"].removesuffix(" MiB")) * 2**20 == pytest.approx(limit, rel=0.01)
    assert told["t"] == threads
