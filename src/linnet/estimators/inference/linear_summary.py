"""The summary of the inference of least squares."""

from math import sqrt
from typing import TYPE_CHECKING

from linnet.estimators.inference.levels import two_sided
from linnet.estimators.inference.summary_table import Block, Summary, number, probability

if TYPE_CHECKING:
    from linnet.estimators.inference.linear import LinearInference

__all__ = ["linear_summary"]

KINDS = {
    "hessian": "for residuals of one variance",
    "sandwich": "robust (sandwich, HC0)",
    "hc3": "robust (sandwich, HC3)",
}


def linear_summary(inference: "LinearInference", level: float) -> Summary:
    """Tell facts, coefficients, and F tests of terms of several weights."""
    blocks = (_coefficients(inference, level), *_terms(inference))
    return Summary("Linear regression", _facts(inference), blocks, inference.notes)


def _facts(inference: "LinearInference") -> tuple[tuple[str, str], ...]:
    test = inference.model_test
    p = probability(test.p_value)
    told = f"p < {p[1:]}" if p.startswith("<") else f"p = {p}"
    freedom = f"{test.degrees_of_freedom}, {inference.residual_freedom:.6g}"
    return (
        ("observations", f"{inference.n_observations:,.10g}"),
        ("parameters", f"{inference.degrees_of_freedom:,.6g}"),
        (
            "R²",
            f"{number(inference.r_squared)}, adjusted {number(inference.adjusted_r_squared)}",
        ),
        ("all columns", f"F({freedom}) = {number(test.statistic)}, {told}"),
        ("residuals", f"standard deviation {number(sqrt(inference.residual_variance))}"),
        ("log-likelihood", f"{number(inference.log_likelihood, 6)} nats"),
        ("AIC, BIC", f"{number(inference.aic, 6)}, {number(inference.bic, 6)}"),
        ("standard errors", KINDS[inference.covariance_kind]),
    )


def _coefficients(inference: "LinearInference", level: float) -> Block:
    tail = two_sided(level)
    intervals = inference.confidence_intervals(level)
    t, p = inference.t, inference.p_values
    rows = tuple(
        (
            name,
            number(inference.parameters[c]),
            number(inference.standard_errors[c]),
            number(t[c]),
            probability(p[c]),
            number(intervals[c, 0]),
            number(intervals[c, 1]),
        )
        for c, name in enumerate(inference.names)
    )
    columns = ("", "estimate", "std. error", "t", "P>|t|", f"{tail:.4g}", f"{1 - tail:.4g}")
    return Block("", columns, rows)


def _terms(inference: "LinearInference") -> tuple[Block, ...]:
    columns, kept = inference.columns, inference.rows.kept
    if all(len(columns.kept_of(term, kept)) <= 1 for term in columns.terms):
        # A test of one weight is its t, squared.
        return ()
    rows = tuple(
        (t.term, number(t.statistic), str(t.degrees_of_freedom), probability(t.p_value))
        for t in inference.f_tests()
    )
    return (Block("F tests of terms", ("", "F", "df", "P>F"), rows),)
