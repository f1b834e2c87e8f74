"""An encoder that needs no first pass: numbers as they come, categories and words by their hash."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from linnet.data.tables import Table, name_list, select_column
from linnet.errors import ModelFileError, SettingError
from linnet.features.given import given_table
from linnet.features.hashed_table import HashedKind, HashedTable, HashingSettings
from linnet.features.moments import Moments
from linnet.features.settings import column_names
from linnet.types import Array

__all__ = ["MOST_BITS", "HashingEncoder", "hashing_settings"]

MOST_BITS: Final = 26
"""A score of so many columns takes half a gigabyte."""


class HashingEncoder(TransformerMixin, BaseEstimator):
    """Turn tables into sparse rows of a fixed width, whatever values are yet to come.

    - A number enters as (x − mean) / standard deviation of the rows seen so far, a missing one as
      their mean, with a column beside it that says so.
    - A category, any text not named in ``text``, enters as ±1 in the column that its hash gives.
    - A text named in ``text`` enters as its words, hashed, with length 1: see
      :mod:`linnet.features.words` for what a word is.
    - A date enters as a number of days, and as month, weekday and hour, which are hashed.

    What is hashed shares 2ᵇ columns; each column of the table has a hash of its own. A missing
    category is a value like any other. What kind of thing a column holds is told by its type in
    the first rows; a column without a value there is left out.

    Parameters
    ----------
    bits : int, default 18
        b, from 1 to 26.
    scale : bool, default True
        Whether numbers are standardised.
    categorical, text : sequence of str
        Columns of numbers that are codes; columns whose words to use.
    n_grams : int, default 1
        The longest run of words that counts as a word itself.

    Attributes
    ----------
    kinds_ : dict of str to HashedKind
        What each column that is used was taken for.
    notes_ : tuple of str
        What the user should know: columns left out.
    n_features_in_ : int
        Number of columns that are used.
    feature_names_in_ : array of str
        Their names.

    References
    ----------
    Weinberger et al., "Feature hashing for large scale multitask learning", 2009.

    Examples
    --------
    >>> encoder = HashingEncoder(bits=4, text="review")
    >>> X = encoder.fit_transform({"price": [1.0, 3.0], "review": ["good, good", "so so"]})
    >>> X.shape, X[:, 0].toarray().ravel().tolist()
    ((2, 18), [-1.0, 1.0])
    """

    def __init__(
        self,
        *,
        bits: Any = 18,
        scale: Any = True,
        categorical: Any = (),
        text: Any = (),
        n_grams: Any = 1,
    ) -> None:
        self.bits = bits
        self.scale = scale
        self.categorical = categorical
        self.text = text
        self.n_grams = n_grams

    def fit(self, X: Any, y: object = None) -> "HashingEncoder":
        """Forget all rows seen before, and take the means and deviations of these.

        Parameters
        ----------
        X : table
            Whatever :class:`~linnet.TableEncoder` takes.
        y : None
            Not used.

        Raises
        ------
        TableError
            If ``X`` is no table, has no row or no usable column, or holds an infinite number.
        SettingError
            If a setting is out of range.
        """
        del y
        table = given_table(X)
        return self.keep(HashedTable.of(table, hashing_settings(self, table)).seen(table))

    def partial_fit(self, X: Any, y: object = None) -> "HashingEncoder":
        """Take these rows, too, into the means and deviations; the first are as for :meth:`fit`."""
        if not hasattr(self, "known_"):
            return self.fit(X, y)
        return self.keep(self.known_.seen(given_table(X)))

    def transform(self, X: Any) -> csr_matrix:
        """Return the design matrix of a table.

        Parameters
        ----------
        X : table
            Columns are found by name, in any order; further ones are ignored.

        Returns
        -------
        csr_matrix of shape (n, p)
            The columns named by `get_feature_names_out`.

        Raises
        ------
        TableError
            If a column is missing, or holds another kind of value than at first.
        """
        check_is_fitted(self, "known_")
        return self.known_.encode(given_table(X))

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """Return the names of the columns; those hashed into are called "#0", "#1", …."""
        del input_features
        check_is_fitted(self, "known_")
        return np.asarray(self.known_.names, dtype=object)

    def keep(self, known: HashedTable) -> "HashingEncoder":
        """Make this the encoder that knows so much."""
        self.known_ = known
        self.kinds_ = dict(known.kinds)
        self.n_features_in_ = len(known.kinds)
        self.feature_names_in_ = np.asarray(list(known.kinds), dtype=object)
        out = known.left_out
        told = f"{name_list(out)}: left out, no value in the first rows tells what it holds"
        self.notes_ = (told,) if out else ()
        return self

    def to_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return all that was learnt as a dict that JSON can hold, and no arrays."""
        check_is_fitted(self, "known_")
        settings = self.get_params(deep=False)
        names = {name: column_names(settings[name]) for name in ("categorical", "text")}
        known = self.known_
        meta = {
            "settings": settings | names,
            "known": asdict(known.settings),
            "kinds": {name: str(kind) for name, kind in known.kinds.items()},
            "moments": {name: asdict(moments) for name, moments in known.moments.items()},
            "left_out": list(known.left_out),
        }
        return meta, {}

    @classmethod
    def from_state(cls, meta: Mapping[str, Any], arrays: Mapping[str, Array]) -> "HashingEncoder":
        """Return the encoder that `to_state` took apart; it transforms alike to the last bit.

        Raises
        ------
        ModelFileError
            If the state is damaged.
        """
        del arrays
        try:
            names = {name: tuple(meta["known"][name]) for name in ("categorical", "text")}
            known = HashedTable(
                HashingSettings(**meta["known"] | names),
                {name: HashedKind(kind) for name, kind in meta["kinds"].items()},
                {name: Moments(**each) for name, each in meta["moments"].items()},
                tuple(meta["left_out"]),
            )
            return cls(**meta["settings"]).keep(known)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError(
                f"The encoder's state is damaged or of another version: {error!r}. Save it again."
            ) from error

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = ["float64"]
        return tags


def hashing_settings(
    encoder: HashingEncoder,
    table: Table,
    *,
    categorical: Sequence[str] = (),
    text: Sequence[str] = (),
) -> HashingSettings:
    """Return the encoder's settings, with columns by their names in the table, and those given.

    Raises
    ------
    SettingError
        If a value is out of range, or a column is to be two things.
    TableError
        If there is no such column.
    """
    bits, n_grams = _whole(encoder.bits), _whole(encoder.n_grams)
    if not 1 <= bits <= MOST_BITS:
        raise SettingError(
            f"bits must be a whole number from 1 to {MOST_BITS}, not {encoder.bits!r}: words are "
            "hashed into 2**bits columns. 18 suits most texts."
        )
    if n_grams < 1:
        raise SettingError(f"n_grams must be a whole number from 1, not {encoder.n_grams!r}.")
    words, codes = (
        tuple(select_column(table, name) for name in [*column_names(own), *given])
        for own, given in ((encoder.text, text), (encoder.categorical, categorical))
    )
    both = [name for name in words if name in codes]
    if both:
        raise SettingError(f"{name_list(both)}: a column is either text or categorical, not both.")
    return replace(
        HashingSettings(bits=bits, n_grams=n_grams),
        scale=bool(encoder.scale),
        categorical=codes,
        text=words,
    )


def _whole(value: Any) -> int:
    """Give a whole number as it is, and 0 for what is none."""
    is_whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return int(value) if is_whole else 0
