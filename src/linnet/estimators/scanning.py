"""A table that need not fit in memory, ready to be fitted: files, a query, and how to read them."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Literal, final

from sklearn.base import clone

from linnet.data import Batch
from linnet.data.budget import (
    memory_budget,
    memory_for_data,
    return_freed_memory,
    text_block_bytes,
)
from linnet.data.journal import digest
from linnet.data.scanning import open_tables
from linnet.data.streams import TableStream
from linnet.errors import SettingError
from linnet.estimators.held_out import HeldOut
from linnet.estimators.kept_rows import PreparedRows
from linnet.estimators.matrix_scan import MatrixScan, Watcher, is_array, require_libsvm
from linnet.estimators.scan_folder import ScanFolder, blocks_or_passes
from linnet.features.encoder import TableEncoder
from linnet.features.streamed import BATCH_VALUES, EncodedRows

__all__ = ["Scan", "scan"]

# Some batches are made at once, each out of parts of its own size.
_BYTES_PER_BATCH_VALUE: Final = 256


@final
@dataclass(frozen=True, kw_only=True)
class Scan:
    """What :func:`linnet.scan` gives: nothing is read before a model is fitted to it.

    Parameters
    ----------
    stream : TableStream
        The rows as they are stored.
    identity : tuple
        What tells the rows from any others: files, and how they are read; empty where nothing
        does, as of a query.
    target, weight : str
        Columns.
    task : {"auto", "classification", "regression"}
        What is to be predicted.
    drop, categorical, text : tuple of str
        Columns to leave out; those whose numbers are codes; those whose words to use.
    folder : ScanFolder
        Where encoded rows go, and how they are gone through.
    classes : tuple or None
        The classes, if they are known beforehand.
    validation, seed : float and int
        Share of the rows to hold out, of up to 100,000, and the seed of their choice.
    watcher : function
        Told of progress in reading.
    """

    stream: TableStream
    identity: tuple[Any, ...]
    target: str
    task: Literal["auto", "classification", "regression"] = "auto"
    weight: str | None = None
    drop: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    folder: ScanFolder
    classes: tuple[Any, ...] | None = None
    validation: float = 0.0
    seed: int = 0
    watcher: Watcher | None = field(default=None, compare=False)

    @property
    def origin(self) -> str:
        """What the user calls the table."""
        return self.stream.origin

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its columns."""
        return self.stream.names

    @property
    def n_bytes(self) -> int | None:
        """Size as stored, if that is known."""
        return self.stream.n_bytes

    @contextmanager
    def prepared(self, encoder: TableEncoder | None = None) -> Iterator[PreparedRows]:
        """Read, encode and cache the rows; what is temporary is removed at the end.

        A cache, or checkpoint, of the very same rows and settings is used again.
        """
        encoder = TableEncoder() if encoder is None else clone(encoder)
        encoder = encoder.set_params(
            categorical=[*encoder.categorical, *self.categorical], text=[*encoder.text, *self.text]
        )
        read = partial(self._read, encoder)
        fingerprint = self._fingerprint(encoder)
        with self.folder.prepared(
            read, fingerprint=fingerprint, is_told_apart=bool(self.identity)
        ) as rows:
            yield rows

    def _fingerprint(self, encoder: TableEncoder) -> str:
        settings = sorted((name, repr(value)) for name, value in encoder.get_params().items())
        columns = (self.target, self.weight, self.task, self.drop, self.classes)
        return digest(self.identity, columns, self.validation, self.seed, tuple(settings))

    def _read(self, encoder: TableEncoder, folder: Path, memory: int) -> PreparedRows:
        rows = EncodedRows.of(
            self.stream,
            target=self.target,
            task=self.task,
            weight=self.weight,
            drop=self.drop,
            encoder=encoder,
            known_classes=self.classes,
            progress=self._watching("reading"),
        )
        rows = replace(rows, batch_values=min(BATCH_VALUES, memory // _BYTES_PER_BATCH_VALUE))
        held = HeldOut.of(
            self.validation,
            self.seed,
            rows=rows.n_samples,
            values=rows.n_samples
            * (2 * len(rows.encoder.encoders_) if rows.is_sparse else rows.n_features),
            memory=memory,
        )

        def encoded() -> Iterator[Batch]:
            return held.others(rows.batches(self._watching("encoding")))

        source, notes = blocks_or_passes(encoded, folder, memory)
        return PreparedRows(
            source=source,
            encoder=rows.encoder,
            task=rows.task,
            reason=rows.reason,
            classes=rows.classes,
            n_missing=rows.n_missing,
            notes=(*rows.notes, *notes),
            held_out=held.rows(),
        )

    def _watching(self, what: str) -> Callable[[int, int], None] | None:
        watcher = self.watcher
        return None if watcher is None else lambda rows, size: watcher(what, rows, size)


def scan(
    table: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    target: str | os.PathLike[str] | None = None,
    task: Literal["auto", "classification", "regression"] = "auto",
    drop: Sequence[str] = (),
    weight: str | None = None,
    categorical: Sequence[str] = (),
    text: Sequence[str] = (),
    memory: str | float | None = None,
    cache: str | os.PathLike[str] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    on_error: Literal["raise", "skip"] = "raise",
    separator: str | None = None,
    header: bool | None = None,
    encoding: str = "utf-8",
    database: str | None = None,
    query: bool | None = None,
    dask: Any = None,
    classes: Sequence[Any] | None = None,
) -> Scan | MatrixScan:
    r"""Describe a table of any size, for a model to be fitted to it.

    Nothing is read yet but a sample, which tells the types of columns. Fitting then reads the
    table once for means, categories and classes, and a second time to encode it into a cache on
    disk; all later passes go through that cache, a block at a time.

    Parameters
    ----------
    table : str, path, or sequence of these
        A file, a pattern such as ``"data/*.csv"``, a list, an address such as
        ``"s3://bucket/part-*.parquet"``; or, with ``database`` or beginning with SELECT or WITH,
        a query.
    target : str, path or None
        Column to predict. Of samples in an .npy file, the .npy file of their targets; of libsvm,
        whose lines begin with them, ``None``.
    task : {"auto", "classification", "regression"}
        ``"auto"`` looks at the target.
    drop : sequence of str
        Columns not to use.
    weight : str, optional
        Column that says how often a row counts.
    categorical, text : sequence of str
        Columns of numbers that are codes; columns whose words to use.
    memory : str, number of bytes, or None
        What the process may take, such as ``"1GB"``; by default a quarter of the machine's.
    cache : path, optional
        Folder for the encoded rows, which later fits of the same files use again. By default one
        that is removed after the fit, in the folder for temporary files.
    checkpoint : path, optional
        Folder in which the fit notes how far it has come: killed, and begun again with the same
        arguments, it goes on from there.
    on_error : {"raise", "skip"}
        Whether rows that cannot be read end the fit, or are left out, counted and told.
    separator, header, encoding
        Of delimited text; found out by default.
    database : str, optional
        Of a query: a DuckDB or SQLite file, or ``postgresql://user@host/name``. Without one the
        query may read files: ``SELECT * FROM 'data/*.parquet'``.
    query : bool, optional
        Whether ``table`` is a query; found out by default.
    dask : "local", address or distributed.Client, optional
        A Dask cluster: its workers read the encoded rows from ``cache``, a folder that all of
        them see, hold them, and make the passes.
    classes : sequence, optional
        All classes, if they are known beforehand: another label is then an error.

    Returns
    -------
    Scan or MatrixScan
        Fit :class:`~linnet.TableModel`, :class:`~linnet.SoftmaxRegression` or
        :class:`~linnet.LinearRegression` to it.

    Raises
    ------
    TableError
        If there is no such table, or its sample cannot be read.
    SettingError
        If a setting is out of range.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from linnet import LinearRegression, TableModel, scan
    >>> with TemporaryDirectory() as folder:
    ...     for part in range(3):
    ...         rows = "".join(f"{x},{2 * x + part},{'abc'[part]}\n" for x in range(5))
    ...         _ = Path(folder, f"part{part}.csv").write_text("x,y,letter\n" + rows)
    ...     data = scan(f"{folder}/part*.csv", target="y", task="regression")
    ...     model = TableModel(LinearRegression()).fit(data)
    >>> [round(float(y), 9) for y in model.predict({"x": [1.0, 2.0], "letter": ["a", "c"]})]
    [2.0, 6.0]
    """
    if on_error not in {"raise", "skip"}:
        raise SettingError(f"on_error={on_error!r}: it must be 'raise' or 'skip'.")
    if task not in {"auto", "classification", "regression"}:
        raise SettingError(f"task={task!r}: it must be 'auto', 'classification' or 'regression'.")
    if classes is not None and len(set(classes)) < 2:
        raise SettingError(
            f"classes={list(classes)!r}: name all classes that may occur, at least two, or leave "
            "them out to find them."
        )
    budget = memory_budget(memory)
    return_freed_memory()
    folder = ScanFolder(
        memory=budget,
        cache=None if cache is None else Path(cache),
        checkpoint=None if checkpoint is None else Path(checkpoint),
        dask=dask,
    )
    if classes is not None and (is_array(table) or target is None):
        raise SettingError(f"{table}: classes can be named for a table with a target column only.")
    if is_array(table):
        if target is None:
            raise SettingError(
                f"{table}: give the .npy file of the targets too: target='y.npy', or the like."
            )
        return MatrixScan(path=table, labels=Path(target), task=task, folder=folder)
    is_query = query or database is not None or (query is None and _is_query(table))
    if target is None and is_query:
        raise SettingError("Say which column of the query is to be predicted, with target='…'.")
    if target is None:
        require_libsvm(table)
        return MatrixScan(path=table, labels=None, task=task, folder=folder)
    stream: TableStream
    identity: tuple[Any, ...] = ()
    if is_query:
        from linnet.data.sql import open_query

        memory_of_database = memory_for_data(budget) // 2
        asked = open_query(str(table), database=database, memory=memory_of_database)
        stream, folder = asked, replace(folder, besides=asked.taken)
    else:
        files = open_tables(
            table,
            separator=separator,
            header=header,
            encoding=encoding,
            on_error=on_error,
            block_bytes=text_block_bytes(budget),
        )
        stream = files
        reading = (separator, header, encoding, on_error)
        identity = (version("linnet"), files.identity, reading)
    return Scan(
        stream=stream,
        identity=identity,
        target=str(target),
        task=task,
        weight=weight,
        drop=tuple(drop),
        categorical=tuple(categorical),
        text=tuple(text),
        folder=folder,
        classes=None if classes is None else tuple(classes),
    )


def _is_query(table: Any) -> bool:
    words = str(table).split(maxsplit=1) if isinstance(table, str) else []
    return len(words) > 1 and words[0].lower() in {"select", "with", "from"}
