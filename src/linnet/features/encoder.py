"""A table of real data becomes a design matrix: numbers, categories, dates, texts and gaps."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from linnet.data.frames import has_names
from linnet.data.streams import TableStream
from linnet.data.tables import Table, name_list
from linnet.errors import DataWarning, ModelFileError, TableError
from linnet.features.columns import ColumnKind
from linnet.features.design import (
    Part,
    dense_matrix,
    is_better_sparse,
    saves_memory,
    sparse_matrix,
)
from linnet.features.first_pass import (
    no_rows,
    stream_columns,
    summarise_stream,
    summarise_table,
)
from linnet.features.given import check_input_names, given_table
from linnet.features.plan import ColumnEncoder, TablePlan, plan_columns
from linnet.features.settings import checked_settings, column_names
from linnet.features.state import encoders_from_state, encoders_to_state
from linnet.features.summaries import ColumnSummary
from linnet.features.unseen import unseen_message
from linnet.types import Array

__all__ = ["TableEncoder"]

TableLike: TypeAlias = Any
"""Whatever `linnet.data.frames.as_table` makes a table of."""

Matrix: TypeAlias = Any
"""An array, a csr_matrix, or the frame that ``set_output`` asks for."""

Setting: TypeAlias = Any
"""Checked when fitting, not when given: scikit-learn asks for that."""

_NAME_SETTINGS: Final = ("categorical", "text")


class TableEncoder(TransformerMixin, BaseEstimator):
    """Turn a table into a float64 design matrix for a linear model.

    - A number enters as (x − mean) / standard deviation, so that a penalty weighs all alike.
    - A boolean enters as 0 or 1.
    - A category enters one-hot: a column of zeros and ones for each level.
    - A date enters as a number of days, and one-hot as month, weekday and hour (in UTC).
    - A text enters as its words, where asked for; otherwise it is left out, with a note.
    - A missing number or date counts as the mean, and a column of its own says where; a missing
      category is a level.

    Columns that cannot tell anything, being empty or everywhere the same, are left out. A
    category not seen when fitting counts as "other", or as no level at all where none was rare.

    Parameters
    ----------
    scale : bool
        Whether numbers are standardised.
    max_categories : int or None
        The most levels of a category that get a column; the others share one called "other".
    min_frequency : int or float
        The least number of rows, or below 1 their share, for a level to get a column.
    categorical : sequence of str
        Columns to be taken as categories though they hold numbers or identifiers.
    text : sequence of str
        Columns whose words are to be used.
    text_method : {"counted", "hashed"}
        Counted words have names and are weighed by rarity (tf-idf); hashed words need no memory.
    n_grams : int
        The longest run of words that counts as a word itself.
    hash_size : int
        Number of columns of hashed words.
    sparse : {"auto", True, False}
        Whether the matrix is CSR; "auto" decides by memory.

    Attributes
    ----------
    encoders_ : tuple
        The encoder of each column used.
    kinds_ : dict of str to ColumnKind
        What each column of the table was taken for.
    notes_ : tuple of str
        What the user should know: columns left out, rare levels, missing values.
    mean_, scale_ : array of shape (p,)
        Each column of the design matrix is (x − mean) / scale; 0 and 1 where it is not scaled.
        A coefficient c in standard deviations is c / scale in the column's own units.
    sparse_ : bool
        Whether the matrix is CSR; with "auto" that of a far longer table may be in any case.
    n_features_in_ : int
        Number of columns of the table.
    feature_names_in_ : array of str
        Their names, if the table had any.

    Examples
    --------
    >>> encoder = TableEncoder()
    >>> encoder.fit_transform({"age": [30, 50, None], "sex": ["f", "m", "f"]})
    array([[-1.,  0.,  1.,  0.],
           [ 1.,  0.,  0.,  1.],
           [ 0.,  1.,  1.,  0.]])
    >>> list(encoder.get_feature_names_out())
    ['age', 'age missing', 'sex=f', 'sex=m']
    >>> encoder.notes_
    ("'age': values are missing, and a further column says where",)
    """

    def __init__(
        self,
        *,
        scale: Setting = True,
        max_categories: Setting = 10_000,
        min_frequency: Setting = 1,
        categorical: Setting = (),
        text: Setting = (),
        text_method: Setting = "counted",
        n_grams: Setting = 1,
        hash_size: Setting = 2**18,
        sparse: Setting = "auto",
    ) -> None:
        self.scale = scale
        self.max_categories = max_categories
        self.min_frequency = min_frequency
        self.categorical = categorical
        self.text = text
        self.text_method = text_method
        self.n_grams = n_grams
        self.hash_size = hash_size
        self.sparse = sparse

    def fit(self, X: TableLike, y: object = None) -> "TableEncoder":
        """Choose and fit an encoder for each column.

        Parameters
        ----------
        X : table
            A Table, pandas or polars DataFrame, pyarrow Table, dict of columns or 2-D array.
        y : None
            Not used.

        Returns
        -------
        TableEncoder
            This encoder.

        Raises
        ------
        TableError
            If ``X`` is no table, has no row or no usable column, or holds an infinite number.
        SettingError
            If a setting is out of range.
        """
        del y
        self._fit(X)
        return self

    def fit_stream(
        self, stream: TableStream, columns: Sequence[str | int] | None = None
    ) -> "TableEncoder":
        """Choose and fit an encoder for each column of a table too large to be held.

        One pass is made. The encoders are those that `fit` would choose, but for the last digits
        of means and deviations, and for columns of more than 100,000 different texts, which a
        stream leaves out unless they are named in ``categorical`` or ``text``.

        Parameters
        ----------
        stream : TableStream
            The table, a chunk of rows after another.
        columns : sequence of str or int, optional
            The columns to use, all by default.

        Returns
        -------
        TableEncoder
            This encoder.

        Raises
        ------
        TableError
            As in `fit`; of an infinite number the message names file and row.
        SettingError
            If a setting is out of range.
        """
        names = stream_columns(stream, columns)
        names = stream_columns(stream, columns)
        settings = checked_settings(self.get_params(deep=False), no_rows(names, stream.origin))
        return self.fit_summaries(summarise_stream(stream, names, settings), stream.origin)

    def fit_summaries(self, summaries: Mapping[str, ColumnSummary], origin: str) -> "TableEncoder":
        """Choose and fit an encoder for each column summarised, as `fit_stream` does.

        Parameters
        ----------
        summaries : dict
            Column → what is known of it, gathered with this encoder's settings.
        origin : str
            What error messages call the table.
        """
        columns = list(summaries)
        settings = checked_settings(self.get_params(deep=False), no_rows(columns, origin))
        plan = plan_columns(summaries, settings, origin)
        self._remember_plan(plan, columns, named=True)
        n_rows = max(summary.n_rows for summary in summaries.values())
        is_thin = saves_memory(n_rows, len(self.mean_), plan.n_entries)
        self.sparse_ = is_thin if self.sparse == "auto" else bool(self.sparse)
        return self

    def fit_transform(self, X: TableLike, y: object = None) -> Matrix:
        """Fit the encoder and return the design matrix of the same table: see `fit`."""
        del y
        parts, n_rows = self._fit(X)
        return self._join(parts, n_rows)

    def transform(self, X: TableLike) -> Matrix:
        """Return the design matrix of a table.

        Parameters
        ----------
        X : table
            As in `fit`. Columns are found by name, in any order; further ones are ignored. The
            columns of an array are taken by position.

        Returns
        -------
        array or csr_matrix of shape (n, p)
            The columns named by `get_feature_names_out`.

        Raises
        ------
        TableError
            If a column is missing, or holds values of another kind than when fitting.

        Warns
        -----
        DataWarning
            If a category holds values not seen when fitting: `unseen` counts them.
        """
        matrix, unseen = self.transform_and_count(X)
        if unseen:
            warnings.warn(unseen_message(unseen), DataWarning, stacklevel=2)
        return matrix

    def transform_and_count(self, X: TableLike) -> tuple[Matrix, dict[str, dict[str, int]]]:
        """Return both `transform` and `unseen`, without a warning: for rows that come in chunks."""
        check_is_fitted(self)
        table = self._table_to_encode(X)
        parts = self._encode(table)
        return self._join(parts, table.n_rows), self._unseen(parts)

    def unseen(self, X: TableLike) -> dict[str, dict[str, int]]:
        """Count, for each column, the rows of each value that was not seen when fitting.

        Parameters
        ----------
        X : table
            As in `transform`.

        Returns
        -------
        dict
            Column → value → number of rows; without the columns that hold no such value.
        """
        check_is_fitted(self)
        return self._unseen(self._encode(self._table_to_encode(X)))

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> Array:
        """Return the names of the columns of the design matrix.

        Parameters
        ----------
        input_features : array of str or None
            Not used, but if given it must name the columns of the table.
        """
        check_is_fitted(self)
        if input_features is not None:
            check_input_names(input_features, self.columns_, named=self.named_)
        names = [name for encoder in self.encoders_ for name in encoder.names]
        return np.asarray(names, dtype=object)

    def to_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return all that was learnt as a dict that JSON can hold, and arrays by name."""
        check_is_fitted(self)
        records, arrays = encoders_to_state(self.encoders_)
        settings = self.get_params(deep=False)
        meta = {
            "settings": settings | {name: column_names(settings[name]) for name in _NAME_SETTINGS},
            "columns": self.columns_,
            "named": self.named_,
            "kinds": {name: str(kind) for name, kind in self.kinds_.items()},
            "notes": list(self.notes_),
            "sparse": self.sparse_,
            "encoders": records,
        }
        return meta, arrays

    @classmethod
    def from_state(cls, meta: Mapping[str, Any], arrays: Mapping[str, Array]) -> "TableEncoder":
        """Return the encoder that `to_state` took apart; it transforms alike to the last bit.

        Raises
        ------
        ModelFileError
            If the state is damaged.
        """
        try:
            encoder = cls(**meta["settings"])
            encoder.kinds_ = {name: ColumnKind(kind) for name, kind in meta["kinds"].items()}
            encoder.notes_ = tuple(meta["notes"])
            encoder.sparse_ = meta["sparse"]
            encoder._remember_columns(list(meta["columns"]), named=meta["named"])
            encoder._remember_encoders(encoders_from_state(meta["encoders"], arrays))
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError(
                f"The encoder's state is damaged or of another version: {error!r}. Save it again."
            ) from error
        return encoder

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = ["float64"]
        return tags

    def _fit(self, X: TableLike) -> tuple[list[Part], int]:
        table = given_table(X)
        settings = checked_settings(self.get_params(deep=False), table)
        summaries = summarise_table(table, table.names, settings)
        self._remember_plan(
            plan_columns(summaries, settings, table.origin), table.names, named=has_names(X)
        )
        parts = self._encode(table)
        chosen = self.sparse == "auto"
        self.sparse_ = is_better_sparse(parts, table.n_rows) if chosen else bool(self.sparse)
        return parts, table.n_rows

    def _remember_plan(self, plan: TablePlan, columns: list[str], *, named: bool) -> None:
        self._remember_columns(columns, named=named)
        self._remember_encoders(plan.encoders)
        self.kinds_ = plan.kinds
        self.notes_ = plan.notes

    def _remember_columns(self, columns: list[str], *, named: bool) -> None:
        self.columns_ = columns
        self.named_ = named
        self.n_features_in_ = len(columns)
        if named:
            self.feature_names_in_ = np.asarray(columns, dtype=object)
        elif "feature_names_in_" in vars(self):
            del self.feature_names_in_

    def _remember_encoders(self, encoders: Iterable[ColumnEncoder]) -> None:
        self.encoders_ = tuple(encoders)
        self.mean_ = np.array([c for encoder in self.encoders_ for c in encoder.centres])
        self.scale_ = np.array([s for encoder in self.encoders_ for s in encoder.scales])

    def _table_to_encode(self, X: TableLike) -> Table:
        """Return the table with the columns called as when fitting."""
        table = given_table(X)
        if not has_names(X):
            if len(table.names) != self.n_features_in_:
                raise TableError(
                    f"X has {len(table.names)} features, but TableEncoder is expecting "
                    f"{self.n_features_in_} features as input."
                )
            return replace(table, columns=table.columns.rename_columns(self.columns_))
        lacking = [e.name for e in self.encoders_ if e.name not in set(table.names)]
        if lacking:
            raise TableError(
                f"{table.origin}: it lacks the columns {name_list(lacking)}, which the encoder was "
                f"fitted with. Its columns are {name_list(table.names)}."
            )
        return table

    def _encode(self, table: Table) -> list[Part]:
        return [e.encode(table.column(e.name), table.origin) for e in self.encoders_]

    def _unseen(self, parts: Sequence[Part]) -> dict[str, dict[str, int]]:
        pairs = zip(self.encoders_, parts, strict=True)
        return {encoder.name: part.unseen for encoder, part in pairs if part.unseen}

    def _join(self, parts: Sequence[Part], n_rows: int) -> Array | csr_matrix:
        # A table far longer than the one fitted may need the memory that a short one did not.
        is_long = self.sparse == "auto" and is_better_sparse(parts, n_rows)
        return (sparse_matrix if self.sparse_ or is_long else dense_matrix)(parts, n_rows)
