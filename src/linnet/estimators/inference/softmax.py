"""How certain the parameters of a softmax model are, and what each of its terms tells."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, final

import numpy as np
from jaxtyping import Bool, Float
from scipy import stats

from linnet.errors import SettingError
from linnet.estimators.inference.columns import DesignColumns
from linnet.estimators.inference.curvature import Curvature
from linnet.estimators.inference.levels import two_sided
from linnet.estimators.inference.softmax_summary import softmax_summary
from linnet.estimators.inference.standardised import StandardisedDesign
from linnet.estimators.inference.summary_table import Summary
from linnet.estimators.inference.term_tests import TermTest, chi_squared_test, wald_statistic
from linnet.information.units import Information
from linnet.types import Array

__all__ = ["SoftmaxInference"]

# Combinations of parameters that are solved for at a time, where there are many.
AT_A_TIME: Final = 512


@final
@dataclass(frozen=True, repr=False, eq=False)
class SoftmaxInference:
    """Standard errors, intervals and tests of a softmax model: what ``inference`` returns.

    Parameters are told score by score, the intercept first. With two classes the score is that of
    the second against the first. With more, and no ``reference``, they are those of ``coef_``:
    each class against the mean of all, so that they sum to zero over the classes. With a
    ``reference`` they are log odds against that class, as statsmodels and R give them. They are
    those of the optimum itself, from which ``coef_`` is within ``tol``.

    Parameters
    ----------
    classes : array of shape (q,)
        The classes.
    reference : label or None
        The class that the others are compared with.
    columns : DesignColumns
        Names, terms and units of the columns.
    design : StandardisedDesign
        The columns, and which of them are no combination of others.
    gamma : array of shape (q − 1, r)
        Scores less that of the first class, in standardised columns.
    curvature : Curvature or None
        Their covariance; ``None`` where there is none.
    covariance_kind : {"hessian", "sandwich"}
        How it was estimated.
    log_likelihood, null_log_likelihood : float
        Of the labels under the model, and under their own shares, in nats.
    n_observations : float
        Number of rows, or sum of their weights.
    l2 : float
        Strength of the penalty, in nats in all; 0 for none.
    notes : tuple of str
        What one must know to read the numbers.
    refit : function
        Gives the log-likelihood of a model of some columns alone.
    """

    classes: Array
    reference: Any
    columns: DesignColumns
    design: StandardisedDesign
    gamma: Float[Array, "m r"]
    curvature: Curvature | None
    covariance_kind: str
    log_likelihood: float
    null_log_likelihood: float
    n_observations: float
    l2: float
    notes: tuple[str, ...]
    refit: Callable[[Array], float]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters of a score: the intercept, if there is one, and the columns."""
        return ("intercept",) * self._has_intercept + self.columns.names

    @property
    def scores(self) -> tuple[Any, ...]:
        """The class that each row of parameters speaks for."""
        labels = self.classes.tolist()
        if self.reference is None:
            return tuple(labels[1:] if len(labels) == 2 else labels)
        return tuple(label for label in labels if label != self.reference)

    @cached_property
    def parameters(self) -> Float[Array, "m p"]:
        """Estimates, of shape (scores, names); NaN for columns that others give."""
        values = self._contrasts @ self.gamma @ self._map.T
        values[:, ~self._determined] = np.nan
        return values

    @cached_property
    def standard_errors(self) -> Float[Array, "m p"]:
        """Standard errors, of shape (scores, names); NaN where there are none."""
        m, p = len(self._contrasts), len(self._map)
        errors = np.full((m, p), np.nan)
        if self.curvature is None:
            return errors
        step = max(1, AT_A_TIME // m)
        for start in range(0, p, step):
            V = np.kron(self._contrasts, self._map[start : start + step])
            variances = self.curvature.variances(V.T).reshape(m, -1)
            errors[:, start : start + step] = np.sqrt(variances)
        errors[:, ~self._determined] = np.nan
        return errors

    @property
    def z(self) -> Float[Array, "m p"]:
        """Estimates in standard errors."""
        return self.parameters / self.standard_errors

    @property
    def p_values(self) -> Float[Array, "m p"]:
        """Probability of a |z| as large where the parameter is 0."""
        return 2 * stats.norm.sf(np.abs(self.z))

    def confidence_intervals(self, level: float = 0.95) -> Float[Array, "m p 2"]:
        """Give the ends of Wald's intervals: the estimate, give or take z standard errors."""
        margin = stats.norm.isf(two_sided(level)) * self.standard_errors
        return np.stack([self.parameters - margin, self.parameters + margin], axis=-1)

    def covariance(self, names: Any = None) -> Float[Array, "c c"]:
        """Covariance of the parameters of these names, or of all, for every score.

        Parameters
        ----------
        names : str or sequence of str, optional
            Parameters; only their block is computed.

        Returns
        -------
        array of shape (c, c)
            Score by score; for each score in the order of ``names``.

        Raises
        ------
        SettingError
            If there is no such parameter.
        """
        if names is None:
            places = np.arange(len(self._map))
        else:
            places = self.columns.places(names) - (not self._has_intercept)
            if places.min(initial=0) < 0:
                raise SettingError("The model has no intercept.")
        V = np.kron(self._contrasts, self._map[places])
        if self.curvature is None:
            return np.full((len(V), len(V)), np.nan)
        block = self.curvature.covariance(V.T)
        lost = np.tile(~self._determined[places], len(self._contrasts))
        block[lost] = np.nan
        block[:, lost] = np.nan
        return block

    def against(self, reference: Any) -> "SoftmaxInference":
        """Return the same with parameters against another class, or ``None`` for the mean."""
        check_reference(reference, self.classes)
        return replace(self, reference=reference)

    def wald_tests(self) -> tuple[TermTest, ...]:
        """Test for each term whether its weights are 0 for all classes, by the covariance.

        It does not depend on ``reference``. Where the weights are large their errors grow faster
        (Hauck and Donner 1977): the likelihood ratio is to be preferred.
        """
        return tuple(self._wald_test(term) for term in self.columns.terms)

    def likelihood_ratio_tests(self) -> tuple[TermTest, ...]:
        """Test for each term whether its weights are 0 for all classes, by fits without it.

        Raises
        ------
        SettingError
            If the model has a penalty: its likelihood is not the greatest there is.
        """
        if self.l2 > 0:
            raise SettingError(
                "Likelihood ratios compare the greatest likelihoods, but the model has a penalty. "
                "Fit with C=inf (penalty none), or use wald_tests."
            )
        tests = []
        for term in self.columns.terms:
            rest = self.columns.without(term)
            freedom = (len(self.classes) - 1) * self._rank_lost_with(term)
            statistic = 2 * (self.log_likelihood - self.refit(rest)) if freedom else np.nan
            tests.append(chi_squared_test(term, "likelihood ratio", max(statistic, 0.0), freedom))
        return tuple(tests)

    @property
    def model_test(self) -> TermTest:
        """Likelihood ratio of the model and the labels' own shares."""
        nested = self._has_intercept and self.l2 == 0
        freedom = self.gamma.size - len(self.gamma) if nested else 0
        statistic = 2 * (self.log_likelihood - self.null_log_likelihood)
        return chi_squared_test("all", "likelihood ratio", statistic, freedom)

    @property
    def degrees_of_freedom(self) -> float:
        """Number of parameters; with a penalty what they are worth, tr A⁻¹(A − penalty)."""
        if self.curvature is None:
            return float(self.gamma.size)
        return self.curvature.degrees_of_freedom

    @property
    def aic(self) -> float:
        """Akaike's criterion 2d − 2 log L."""
        return 2 * (self.degrees_of_freedom - self.log_likelihood)

    @property
    def bic(self) -> float:
        """Schwarz's criterion d log n − 2 log L."""
        return (
            float(np.log(self.n_observations)) * self.degrees_of_freedom - 2 * self.log_likelihood
        )

    @property
    def bits_gained(self) -> Information:
        """Bits that the features save of each label's code: (log L − log L₀)/n."""
        gained = (self.log_likelihood - self.null_log_likelihood) / self.n_observations
        return Information(gained, "nats").to("bits")

    @property
    def mcfadden_r_squared(self) -> float:
        """McFadden's R² = 1 − log L/log L₀: the share of the labels' entropy that is gained."""
        if self.null_log_likelihood == 0:
            return float("nan")
        return 1 - self.log_likelihood / self.null_log_likelihood

    def summary(self, level: float = 0.95) -> Summary:
        """Return a table of all this, with intervals of this level."""
        return softmax_summary(self, level)

    def __repr__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary().to_html()

    @property
    def _has_intercept(self) -> bool:
        return len(self.design.gram) > len(self.columns.names)

    @property
    def _determined(self) -> Bool[Array, " p"]:
        """Which of the parameters told, the intercept first, are determined."""
        k = len(self.columns.names)
        return np.concatenate([self.design.kept[k:], self.design.kept[:k]])

    @property
    def _contrasts(self) -> Float[Array, "m q1"]:
        """What makes the scores told of those less that of the first class."""
        q = len(self.classes)
        # Scores of all classes, the first 0.
        of_all = np.eye(q)[:, 1:]
        if self.reference is None:
            return of_all[1:] if q == 2 else of_all - 1 / q
        place = self.classes.tolist().index(self.reference)
        return np.delete(of_all - of_all[place], place, axis=0)

    @cached_property
    def _map(self) -> Float[Array, "p r"]:
        """What makes the parameters told, the intercept first, of those of standardised columns."""
        k = len(self.columns.names)
        kept = np.flatnonzero(self.design.kept[:k])
        length = self.design.length[kept]
        to = np.zeros((k, len(kept) + self._has_intercept))
        to[kept, np.arange(len(kept))] = 1 / (length * self.columns.scale[kept])
        if not self._has_intercept:
            return to
        start = np.ones(len(kept) + 1)
        start[:-1] = -(self.design.mean[kept] + self.columns.shift[kept]) / length
        return np.concatenate([start[None], to])

    def _rank_lost_with(self, term: str) -> int:
        """By how much the rank of the columns falls without a term."""
        k = len(self.columns.names)
        if self.design.kept.all():
            return len(self.columns.terms[term])
        everything = self.design.rank_of(np.arange(k))
        return everything - self.design.rank_of(self.columns.without(term))

    def _wald_test(self, term: str) -> TermTest:
        kept = self.columns.kept_of(term, self.design.kept[: len(self.columns.names)])
        # What other terms give as well cannot be told from them.
        if self.curvature is None or self._rank_lost_with(term) != len(kept):
            return chi_squared_test(term, "Wald", float("nan"), 0)
        rows = self._map[kept + self._has_intercept]
        V = np.kron(np.eye(len(self.gamma)), rows)
        estimates = (self.gamma @ rows.T).ravel()
        statistic, freedom = wald_statistic(estimates, self.curvature.covariance(V.T))
        return chi_squared_test(term, "Wald", statistic, freedom)


def check_reference(reference: Any, classes: Array) -> None:
    """Raise a SettingError unless ``reference`` is one of the classes, or None."""
    if reference is None or reference in classes.tolist():
        return
    shown = ", ".join(str(label) for label in classes[:10])
    raise SettingError(
        f"reference={reference!r} is no class of the model. Give one of {shown}"
        f"{', …' if len(classes) > 10 else ''}, or None."
    )
