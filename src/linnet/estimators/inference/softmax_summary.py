"""The summary of a softmax model's inference."""

from math import log
from typing import TYPE_CHECKING

from linnet.estimators.inference.levels import two_sided
from linnet.estimators.inference.summary_table import Block, Summary, number, probability

if TYPE_CHECKING:
    from linnet.estimators.inference.softmax import SoftmaxInference

__all__ = ["softmax_summary"]


def softmax_summary(inference: "SoftmaxInference", level: float) -> Summary:
    """Tell facts, coefficients of each score, and Wald's tests of terms of several weights."""
    blocks: tuple[Block, ...] = ()
    if inference.curvature is not None:
        blocks = (*_coefficients(inference, level), *_terms(inference))
    return Summary("Softmax regression", _facts(inference), blocks, inference.notes)


def _facts(inference: "SoftmaxInference") -> tuple[tuple[str, str], ...]:
    n = inference.n_observations
    entropy = -inference.null_log_likelihood / n / log(2)
    gained = f"the features give {inference.bits_gained:.4f} of {entropy:.4f} bits a label"
    test = inference.model_test
    facts = [
        ("labels", f"{n:,.10g} of {len(inference.classes)} classes"),
        ("parameters", f"{inference.degrees_of_freedom:,.6g}"),
        ("log-likelihood", f"{number(inference.log_likelihood, 6)} nats"),
        ("without features", f"{number(inference.null_log_likelihood, 6)} nats"),
        ("McFadden's R²", f"{number(inference.mcfadden_r_squared)}: {gained}"),
        ("AIC, BIC", f"{number(inference.aic, 6)}, {number(inference.bic, 6)}"),
        ("standard errors", _kind(inference)),
    ]
    if test.degrees_of_freedom:
        told = (
            f"χ²({test.degrees_of_freedom}) = {test.statistic:.4g}, "
            f"p {_equals(probability(test.p_value))}"
        )
        facts.insert(5, ("all features", told))
    return tuple(facts)


def _kind(inference: "SoftmaxInference") -> str:
    if inference.curvature is None:
        return "none: see the note"
    told = "of the Hessian" if inference.covariance_kind == "hessian" else "robust (sandwich)"
    return told if inference.l2 == 0 else f"{told}, of penalised estimates"


def _equals(p: str) -> str:
    return p.replace("<", "< ") if p.startswith("<") else f"= {p}"


def _coefficients(inference: "SoftmaxInference", level: float) -> tuple[Block, ...]:
    tail = two_sided(level)
    columns = ("", "estimate", "std. error", "z", "P>|z|", f"{tail:.4g}", f"{1 - tail:.4g}")
    intervals = inference.confidence_intervals(level)
    z, p = inference.z, inference.p_values
    blocks = []
    for j, score in enumerate(inference.scores):
        rows = tuple(
            (
                name,
                number(inference.parameters[j, c]),
                number(inference.standard_errors[j, c]),
                number(z[j, c]),
                probability(p[j, c]),
                number(intervals[j, c, 0]),
                number(intervals[j, c, 1]),
            )
            for c, name in enumerate(inference.names)
        )
        blocks.append(Block(f"{score} against {_other(inference)}", columns, rows))
    return tuple(blocks)


def _other(inference: "SoftmaxInference") -> str:
    if inference.reference is not None:
        return str(inference.reference)
    return str(inference.classes[0]) if len(inference.classes) == 2 else "the mean of all classes"


def _terms(inference: "SoftmaxInference") -> tuple[Block, ...]:
    columns, kept = inference.columns, inference.design.kept[: len(inference.columns.names)]
    single = all(len(columns.kept_of(term, kept)) <= 1 for term in columns.terms)
    if single and len(inference.gamma) == 1:
        # A test of one weight is its z.
        return ()
    rows = tuple(
        (t.term, number(t.statistic), str(t.degrees_of_freedom), probability(t.p_value))
        for t in inference.wald_tests()
    )
    return (Block("Wald's tests of terms, over all classes", ("", "χ²", "df", "P>χ²"), rows),)
