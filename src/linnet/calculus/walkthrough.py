"""Explain a loss on one sample: every formula with its numbers, from the code that computes."""

from dataclasses import dataclass
from typing import Literal, SupportsFloat, final

from numpy.typing import ArrayLike

from linnet.calculus import render
from linnet.calculus.samples import Given, softmax_sample, squared_sample
from linnet.calculus.softmax_steps import softmax_steps
from linnet.calculus.squared_steps import squared_steps
from linnet.calculus.steps import Step
from linnet.errors import SettingError

__all__ = ["Walkthrough", "explain"]


@final
@dataclass(frozen=True, eq=False)
class Walkthrough:
    """A sample worked step by step.

    Attributes
    ----------
    title : str
    steps : tuple of Step
        In the order of the calculation; ``walkthrough["loss"]`` finds one by its name.
    """

    title: str
    steps: tuple[Step, ...]

    def __getitem__(self, name: str) -> Step:
        """Return the step of that name."""
        for step in self.steps:
            if step.name == name:
                return step
        known = ", ".join(step.name for step in self.steps)
        raise SettingError(f"There is no step {name!r}. The steps are: {known}.")

    def to_text(self) -> str:
        """Write as plain text."""
        return render.text(self.title, self.steps)

    def to_markdown(self) -> str:
        """Write as Markdown, with formulas in LaTeX."""
        return render.markdown(self.title, self.steps)

    def to_html(self) -> str:
        """Write as an HTML page that needs neither a network nor a script."""
        return render.page(self.title, self.steps)

    def _repr_html_(self) -> str:
        return render.fragment(self.title, self.steps)

    def __str__(self) -> str:
        return self.to_text()


def explain(
    y: ArrayLike | SupportsFloat | None = None,
    *,
    probabilities: ArrayLike | None = None,
    scores: ArrayLike | SupportsFloat | None = None,
    x: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    bias: ArrayLike | SupportsFloat | None = None,
    loss: Literal["softmax", "squared"] = "softmax",
    learning_rate: SupportsFloat | None = None,
) -> Walkthrough:
    """Work one sample through a loss, step by step.

    Values forward, then Jacobians, their product, the vector-Jacobian product and the gradient in
    closed form, ŷ − y, with the largest difference between them. With ``x`` and ``weights`` also
    the gradient in the weights, (ŷ − y)xᵀ, and the descent step W := W − η ∇_W ℓ.

    Parameters
    ----------
    y : int, or array of shape (q,), or float
        Softmax: a class, counted from 0, or a distribution over the classes. Squared: a number.
    probabilities : array of shape (q,), optional
        Softmax only: the probabilities ŷ, as an alternative to scores.
    scores : array of shape (q,), or float, optional
        Scores O; for the squared loss the prediction.
    x : array of shape (k,), optional
        The sample's features, with ``weights`` an alternative to scores.
    weights : array of shape (q, k), or (k,) for the squared loss, optional
    bias : array of shape (q,), or float for the squared loss, optional
    loss : {"softmax", "squared"}
        With no sample given, the worked case of the documentation: y = (1, 0, 0) and
        ŷ = (0.7, 0.2, 0.1), or y = 3, x = (1, 2) and w = (0.5, 1).
    learning_rate : float, optional
        Step size η, 0.1 by default; only with ``weights``.

    Returns
    -------
    Walkthrough
        Prints as text; ``to_markdown()``, ``to_html()``; shows itself in a notebook.

    Raises
    ------
    DataError
        If a shape does not fit, or a distribution is none.
    SettingError
        If too little or too much is given.

    Examples
    --------
    >>> walk = explain()
    >>> print(walk)
    Softmax regression on one sample 单样本推导
    ...
    3. Loss 损失: cross entropy 交叉熵
       ℓ = −Σⱼ yⱼ ln ŷⱼ
       ℓ = −(1 · ln 0.7 + 0 · ln 0.2 + 0 · ln 0.1)
         = 0.3567 nats = 0.5146 bits    a number
    ...
    >>> walk["gradient"].value.round(4)
    array([-0.3,  0.2,  0.1])
    """
    given = Given(
        y=y,
        probabilities=probabilities,
        scores=scores,
        x=x,
        weights=weights,
        bias=bias,
        learning_rate=learning_rate,
    )
    if loss == "softmax":
        steps = softmax_steps(softmax_sample(given))
        return Walkthrough("Softmax regression on one sample 单样本推导", steps)
    if loss == "squared":
        steps = squared_steps(squared_sample(given))
        return Walkthrough("Linear regression on one sample 单样本推导", steps)
    raise SettingError(f"loss is {loss!r}. Give 'softmax' or 'squared'.")
