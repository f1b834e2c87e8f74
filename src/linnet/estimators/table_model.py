"""A model of tables: the encoder that makes numbers of a table, and the regression behind it."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from linnet.errors import ModelFileError, SettingError
from linnet.estimators.inference.given import check_in_memory
from linnet.estimators.inference.linear import LinearInference
from linnet.estimators.inference.linear_rows import linear_inference
from linnet.estimators.inference.softmax import SoftmaxInference
from linnet.estimators.inference.softmax_rows import softmax_inference
from linnet.estimators.inference.table_columns import columns_of_encoder
from linnet.estimators.kept_rows import PreparedRows
from linnet.estimators.learnt import Learnt
from linnet.estimators.linear import LinearRegression
from linnet.estimators.matrix_scan import MatrixScan
from linnet.estimators.online import learnt_model
from linnet.estimators.online_notes import learn_and_note
from linnet.estimators.progressive_errors import ProgressiveErrors
from linnet.estimators.ridge_regression import Ridge
from linnet.estimators.saving import State, write_model
from linnet.estimators.scanning import Scan
from linnet.estimators.softmax import SoftmaxRegression
from linnet.features.encoder import TableEncoder
from linnet.features.hashing import HashingEncoder
from linnet.information.units import InformationArray
from linnet.types import Array, Unit

__all__ = ["TableModel"]


class TableModel(BaseEstimator):
    """A regression that takes real tables: what ``linnet fit`` makes and saves.

    Parameters
    ----------
    estimator : SoftmaxRegression or LinearRegression
        The regression; it is cloned.
    encoder : TableEncoder, HashingEncoder or None, default None
        How tables become numbers; ``None`` for a TableEncoder with default settings. It is cloned.
        A HashingEncoder needs no first pass: fitted to a scan, a regression with a stochastic
        solver learns from its rows as they come, ``max_iter`` times, once by default.
    target : str or None, default None
        Name of the column that is predicted, kept for those who load the model.

    Attributes
    ----------
    estimator_, encoder_
        The fitted regression and encoder.
    classes_ : array of shape (q,)
        The classes, of a classifier.
    progressive_loss_ : Information
        Of a fit to a scan with a HashingEncoder: mean code length of a label, in bits, under the
        model that had not yet learnt from it, over the first pass. Of numbers it is that of their
        Gaussian code, to within the precision that they are written to.
    progressive_errors_ : ProgressiveErrors
        Where numbers were learnt so: ``rmse`` of the predictions before each row was learnt from,
        beside ``mean_rmse``, that of the mean of the rows before.

    Examples
    --------
    >>> table = {"colour": ["red", "blue", "red", "blue"], "size": [1.0, 2.0, 1.5, 3.0]}
    >>> model = TableModel(SoftmaxRegression()).fit(table, ["apple", "plum", "apple", "plum"])
    >>> model.predict({"colour": ["blue"], "size": [2.5]})
    array(['plum'], dtype='<U5')
    """

    def __init__(
        self,
        estimator: SoftmaxRegression | LinearRegression,
        encoder: TableEncoder | HashingEncoder | None = None,
        *,
        target: str | None = None,
    ) -> None:
        self.estimator = estimator
        self.encoder = encoder
        self.target = target

    def fit(
        self, table: Any, y: Any = None, sample_weight: ArrayLike | None = None
    ) -> "TableModel":
        """Fit the encoder, then the regression.

        Parameters
        ----------
        table : table or Scan
            Whatever :class:`~linnet.TableEncoder` takes; or what :func:`linnet.scan` gives, for
            a table that need not fit in memory.
        y : array of shape (n,)
            Labels, or numbers. A scan has its target in itself.
        sample_weight : array of shape (n,), optional
            How often each row counts.

        Returns
        -------
        TableModel
            This model, fitted.
        """
        encoder = self._new_encoder()
        if isinstance(table, MatrixScan):
            raise SettingError(
                f"{table.origin}: a matrix has no named columns to encode. Fit SoftmaxRegression "
                "or LinearRegression to it directly."
            )
        if isinstance(table, Scan):
            if isinstance(encoder, HashingEncoder):
                return self._fit_online(table, encoder)
            with table.prepared(encoder) as rows:
                return self.fit_rows(rows)
        X = encoder.fit_transform(table)
        self.estimator_ = clone(self.estimator).fit(X, y, sample_weight)
        self.encoder_ = encoder
        return self

    def fit_rows(self, rows: PreparedRows) -> "TableModel":
        """Fit the regression to rows that are encoded already."""
        self.estimator_ = clone(self.estimator).fit(rows)
        self.encoder_ = rows.encoder
        return self

    def partial_fit(
        self,
        table: Any,
        y: Any,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> "TableModel":
        """Learn from further rows, with a HashingEncoder: see the regression's own method.

        Parameters
        ----------
        table, y, sample_weight
            As for :meth:`fit`.
        classes : array of shape (q,), optional
            All classes that will ever occur. A classifier needs them at the first call.

        Returns
        -------
        TableModel
            This model, improved.

        Raises
        ------
        SettingError
            If the encoder is no HashingEncoder: another is fitted to all rows at once.

        Examples
        --------
        >>> model = TableModel(SoftmaxRegression(), encoder=HashingEncoder(bits=8, text="said"))
        >>> for said in (["ripe figs", "sour plums"], ["two figs", "blue plums"]):
        ...     _ = model.partial_fit({"said": said}, ["fig", "plum"], classes=["fig", "plum"])
        >>> model.predict({"said": ["plums", "figs"]})
        array(['plum', 'fig'], dtype='<U4')
        """
        encoder = self.encoder_ if hasattr(self, "encoder_") else self._new_encoder()
        if not isinstance(encoder, HashingEncoder):
            raise SettingError(
                "partial_fit needs an encoder that need not see all rows beforehand: give "
                "TableModel encoder=HashingEncoder()."
            )
        X = encoder.partial_fit(table).transform(table)
        estimator = self.estimator_ if hasattr(self, "estimator_") else clone(self.estimator)
        if isinstance(estimator, SoftmaxRegression):
            estimator.partial_fit(X, y, classes=classes, sample_weight=sample_weight)
        else:
            estimator.partial_fit(X, y, sample_weight=sample_weight)
        self.estimator_, self.encoder_ = estimator, encoder
        return self

    def keep_learnt(self, learnt: Learnt, origin: str) -> "TableModel":
        """Make this the model that :func:`~linnet.estimators.online.learn_online` came to."""
        self.estimator_ = learnt_model(learnt, self.estimator, origin)
        known = learnt.block.known
        # A scan may have named columns of its own; who fits again is to find them.
        named = {"text": known.settings.text, "categorical": known.settings.categorical}
        self.encoder_ = self._new_encoder().set_params(**named).keep(known)
        self.progressive_loss_ = learnt.progressive.mean
        self.__dict__.pop("progressive_errors_", None)
        if isinstance(learnt.progressive, ProgressiveErrors):
            self.progressive_errors_ = learnt.progressive
        return self

    @property
    def classes_(self) -> Array:
        """The classes, sorted."""
        return self.estimator_.classes_

    @property
    def certificate_(self) -> Any:
        """The certificate of the regression."""
        return self.estimator_.certificate_

    def predict(self, table: Any) -> Array:
        """Most probable class of each row, or the number predicted for it."""
        return self.estimator_.predict(self._design(table))

    def predict_proba(self, table: Any) -> Array:
        """Probabilities of the classes, of a classifier."""
        return self.estimator_.predict_proba(self._design(table))

    def predict_log_proba(self, table: Any) -> Array:
        """Logarithms of the probabilities of the classes, of a classifier."""
        return self.estimator_.predict_log_proba(self._design(table))

    def code_lengths(
        self, table: Any, y: Any, unit: Unit = "bits", **options: float
    ) -> InformationArray:
        """Length of the code for each target; see the regression's own method."""
        return self.estimator_.code_lengths(self._design(table), y, unit=unit, **options)

    def score(self, table: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Accuracy of a classifier, R² of a linear regression."""
        return float(self.estimator_.score(self._design(table), y, sample_weight))

    def inference(
        self, table: Any, y: Any, sample_weight: ArrayLike | None = None, **options: Any
    ) -> SoftmaxInference | LinearInference:
        """Tell how certain the parameters are, for columns in the table's own units.

        The terms are the table's columns: all levels of a category are tested together. Without a
        penalty a category's first level is its base, with which the others are compared.

        Parameters
        ----------
        table, y, sample_weight
            The rows that the model was fitted to.
        **options
            As for the regression's own ``inference``: ``covariance``, and ``reference`` or
            ``weights``.

        Returns
        -------
        SoftmaxInference or LinearInference

        Examples
        --------
        >>> table = {"dose": [0, 1, 2, 3, 4, 5], "sex": ["f", "m", "m", "f", "m", "f"]}
        >>> model = TableModel(LinearRegression()).fit(table, [1.0, 2.1, 2.9, 4.2, 5.0, 6.1])
        >>> told = model.inference(table, [1.0, 2.1, 2.9, 4.2, 5.0, 6.1])
        >>> dict(zip(told.names, told.parameters.round(3).tolist()))
        {'intercept': 1.069, 'dose': 1.012, 'sex=f': nan, 'sex=m': -0.096}
        """
        check_in_memory(table)
        X = self._design(table)
        columns = columns_of_encoder(self.encoder_)
        if isinstance(self.estimator_, LinearRegression):
            defaults = {"covariance": "hessian", "weights": "counts"}
            given = defaults | _known(options, defaults)
            return linear_inference(
                self.estimator_,
                X,
                y,
                sample_weight,
                columns=columns,
                encode=self.encoder_.transform,
                **given,
            )
        settings = {"covariance": "hessian", "reference": None}
        given = settings | _known(options, settings)
        return softmax_inference(self.estimator_, X, y, sample_weight, columns=columns, **given)

    def save(self, path: Any) -> None:
        """Write the fitted model to one file, whole or not at all; see :func:`linnet.load`."""
        check_is_fitted(self)
        write_model(path, type(self).__name__, self.to_state())

    def to_state(self) -> State:
        """Return all that was learnt: a dict that JSON can hold, and arrays by name."""
        encoder, encoder_arrays = self.encoder_.to_state()
        model, model_arrays = self.estimator_.to_state()
        meta = {
            "target": self.target,
            "regression": type(self.estimator_).__name__,
            "encoder_kind": type(self.encoder_).__name__,
            "encoder": encoder,
            "model": model,
        }
        arrays = {f"encoder.{name}": array for name, array in encoder_arrays.items()}
        return meta, arrays | {f"model.{name}": array for name, array in model_arrays.items()}

    @classmethod
    def from_state(cls, state: State) -> "TableModel":
        """Return the model that :meth:`to_state` took apart."""
        meta, arrays = state
        kinds = {each.__name__: each for each in (SoftmaxRegression, LinearRegression, Ridge)}
        if meta["regression"] not in kinds:
            raise ModelFileError(f"unknown regression {meta['regression']!r}")
        estimator = kinds[meta["regression"]].from_state((meta["model"], _part(arrays, "model.")))
        encoders = {each.__name__: each for each in (TableEncoder, HashingEncoder)}
        # Older files know of one kind only.
        kind = meta.get("encoder_kind", "TableEncoder")
        if kind not in encoders:
            raise ModelFileError(f"unknown encoder {kind!r}")
        encoder = encoders[kind].from_state(meta["encoder"], _part(arrays, "encoder."))
        model = cls(clone(estimator), clone(encoder), target=meta["target"])
        model.estimator_, model.encoder_ = estimator, encoder
        return model

    def _new_encoder(self) -> Any:
        return TableEncoder() if self.encoder is None else clone(self.encoder)

    def _fit_online(self, rows: Scan, encoder: HashingEncoder) -> "TableModel":
        for learnt in learn_and_note(rows, self.estimator, encoder):
            last = learnt
        return self.keep_learnt(last, rows.stream.origin)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "estimator_")

    def _design(self, table: Any) -> Any:
        check_is_fitted(self)
        return self.encoder_.transform(table)


def _known(options: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    for name in options:
        if name not in known:
            raise SettingError(
                f"{name!r} is no option of a table's inference: give {' or '.join(known)}."
            )
    return options


def _part(arrays: dict[str, Array], prefix: str) -> dict[str, Array]:
    return {
        name.removeprefix(prefix): np.asarray(array)
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
