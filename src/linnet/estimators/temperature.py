"""Temperature scaling: a fitted classifier whose probabilities mean what they say."""

from copy import copy
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from linnet.calibration import Temperature, fit_temperature
from linnet.errors import DataTypeError
from linnet.estimators.outputs import label_lengths, log_probabilities
from linnet.estimators.softmax import SoftmaxRegression
from linnet.estimators.table_model import TableModel
from linnet.estimators.targets import label_column
from linnet.estimators.validation import check_weights
from linnet.information.units import Information, InformationArray
from linnet.numeric import log_softmax
from linnet.solvers import Certificate
from linnet.types import Array, Unit

__all__ = ["TemperatureScaling"]


class TemperatureScaling(ClassifierMixin, BaseEstimator):
    """A fitted classifier with all its scores divided by one number, the temperature T.

    q(y|x) = softmax(Z/T), where Z are the classifier's log-probabilities: T above 1 makes it less
    sure, below 1 surer. The most probable class of a row stays what it was. T is the one at which
    the labels of the rows given have the shortest code: a convex problem in 1/T.

    Parameters
    ----------
    estimator : classifier
        A fitted one, of linnet or of scikit-learn's kind, with ``predict_log_proba`` or
        ``predict_proba``. It is used as it is, neither fitted nor copied;
        ``sklearn.frozen.FrozenEstimator`` keeps ``clone`` from forgetting its fit.

    Attributes
    ----------
    temperature_ : float
        The temperature T.
    gain_ : Information
        Bits a label saved on the rows that T was fitted to, which flatters it by about 0.72/n:
        :meth:`gain` measures it on others.
    classes_ : array of shape (q,)
        The classes, in the estimator's order.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger, *On Calibration of Modern Neural Networks*, ICML 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from linnet import SoftmaxRegression, TemperatureScaling
    >>> X, y = load_digits(return_X_y=True)
    >>> model = SoftmaxRegression(C=1).fit(X[:900], y[:900])
    >>> scaled = TemperatureScaling(model).fit(X[900:1300], y[900:1300])
    >>> print(f"T = {scaled.temperature_:.2f} saves {scaled.gain(X[1300:], y[1300:]):.2f} a label")
    T = 1.42 saves 0.17 bits a label
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> "TemperatureScaling":
        """Find the temperature, from rows that the estimator was not fitted to.

        Parameters
        ----------
        X : array, sparse matrix, data frame or table of n rows
            Samples, as the estimator takes them.
        y : array of shape (n,)
            Their labels, each one of the estimator's classes.
        sample_weight : array of shape (n,), optional
            How often each row counts.

        Returns
        -------
        TemperatureScaling
            This object, with its temperature.

        Raises
        ------
        DataError
            If a label is unknown; or no temperature is best, as where every label is the most
            probable class of its row.
        DataTypeError
            If the estimator predicts no probabilities.
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        """
        log_q = log_probabilities(self.estimator, X)
        found = self._temperature(log_q, y, sample_weight)
        self.classes_ = np.asarray(self.estimator.classes_)
        self.temperature_ = found.value
        self.gain_ = found.gain
        return self

    def predict_log_proba(self, X: Any) -> Float[Array, "n q"]:
        """Logarithms of the probabilities of the classes at the temperature."""
        check_is_fitted(self)
        log_q = log_probabilities(self.estimator, X)
        # The largest is 0 then, so that no temperature, however low, makes all of them −∞.
        log_q = log_q - log_q.max(axis=1, keepdims=True)
        return log_softmax(log_q / self.temperature_)

    def predict_proba(self, X: Any) -> Float[Array, "n q"]:
        """Probabilities of the classes at the temperature."""
        return np.exp(self.predict_log_proba(X))

    def predict(self, X: Any) -> Array:
        """Most probable class of each row: what the estimator predicts."""
        places = self.predict_log_proba(X).argmax(axis=1)
        return self.classes_[places]

    def code_lengths(self, X: Any, y: Any, unit: Unit = "bits") -> InformationArray:
        """Length of the code for each label: −log q(y|x).

        Parameters
        ----------
        X : array, sparse matrix, data frame or table of n rows
        y : array of shape (n,)
            Labels; one that the estimator never saw has an infinite code.
        unit : {"bits", "nats"}
            Unit of the lengths.

        Returns
        -------
        InformationArray of shape (n,)
        """
        return label_lengths(self.predict_log_proba(X), y, self.classes_, unit)

    def gain(
        self, X: Any, y: Any, sample_weight: ArrayLike | None = None, unit: Unit = "bits"
    ) -> Information:
        """Measure what the temperature saves on rows: mean code length without it, less that with.

        Parameters
        ----------
        X, y, sample_weight
            Rows that neither the estimator nor the temperature was fitted to.
        unit : {"bits", "nats"}
            Unit of the answer, per label.

        Returns
        -------
        Information
            Below 0 where the temperature does harm there.
        """
        after = self.code_lengths(X, y, unit)
        before = label_lengths(log_probabilities(self.estimator, X), y, self.classes_, unit)
        weight = check_weights(sample_weight, len(after))
        saved = np.average(np.asarray(before) - np.asarray(after), weights=weight)
        return Information(float(saved), unit)

    def as_regression(self) -> SoftmaxRegression | TableModel:
        """Return a softmax regression with the same probabilities: coefficients divided by T.

        It can be saved, used on the command line, and code labels. As it is no optimum of its own
        objective, its certificate says that nothing is proven.

        Raises
        ------
        DataTypeError
            If the estimator is no SoftmaxRegression, nor a TableModel with one.
        """
        check_is_fitted(self)
        if isinstance(self.estimator, SoftmaxRegression):
            return _divided(self.estimator, self.temperature_)
        if isinstance(self.estimator, TableModel):
            table_model = copy(self.estimator)
            if isinstance(table_model.estimator_, SoftmaxRegression):
                table_model.estimator_ = _divided(table_model.estimator_, self.temperature_)
                return table_model
        raise DataTypeError(
            f"The estimator is a {type(self.estimator).__name__}. Only a temperature of linnet's "
            "own SoftmaxRegression, or of a TableModel with one, can be put into coefficients."
        )

    def save(self, path: Any) -> None:
        """Write :meth:`as_regression` to one file: what is loaded has the same probabilities."""
        self.as_regression().save(path)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "temperature_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _temperature(
        self, log_q: Float[Array, "n q"], y: Any, sample_weight: ArrayLike | None
    ) -> Temperature:
        labels = label_column(y, len(log_q))
        weight = check_weights(sample_weight, len(log_q))
        return fit_temperature(labels, log_q, self.estimator.classes_, weight)


def _divided(model: SoftmaxRegression, temperature: float) -> SoftmaxRegression:
    """Return the model whose scores are those of ``model`` divided by a temperature."""
    divided = copy(model)
    divided.coef_ = model.coef_ / temperature
    divided.intercept_ = model.intercept_ / temperature
    divided.certificate_ = Certificate(np.inf, "none")
    divided.history_ = []
    # What was proven and recorded is of the other coefficients.
    divided.__dict__.pop("loss_", None)
    return divided
