"""What is fitted: data and objective, the same for linnet and for every peer."""

import json
from dataclasses import dataclass, replace
from math import isinf
from pathlib import Path
from typing import Any, Literal, final

import numpy as np
import scipy.sparse as sp

__all__ = ["Problem", "Work"]

Work = Literal["fit", "path", "epoch"]

WARM_UP_ROWS, WARM_UP_COLUMNS = 300, 20


@final
@dataclass(frozen=True, kw_only=True)
class Problem:
    """F(W, b) = (1/n) Σᵢ ℓ(yᵢ, W xᵢ + b) + (1/(2 C n)) ‖W‖², the intercepts b unpenalised.

    ℓ is the cross entropy of the softmax in nats, or half the squared residual. With two classes
    W has one row, the score of the second class, as in scikit-learn.

    Parameters
    ----------
    X : array of shape (n, k), or CSR
    y : array of shape (n,)
        Classes 0, …, q−1 as integers, or numbers as floats.
    Cs : tuple of float
        Strengths of the penalty: one for a fit, several for a path.
    work : {"fit", "path", "epoch"}
        What is timed: a fit, the fits for all ``Cs``, or one pass of SGD.
    pixel_scale : float or None
        By what X is to be multiplied to give the pixels 0, …, 255 it was made from, if any.
    """

    X: Any
    y: np.ndarray
    Cs: tuple[float, ...] = (1.0,)
    work: Work = "fit"
    pixel_scale: float | None = None

    @property
    def strength(self) -> float:
        """C, where there is but one."""
        (C,) = self.Cs
        return C

    @property
    def l2(self) -> float:
        """λ = 1/(C n), of the penalty (λ/2) ‖W‖²."""
        return self._l2_at(self.strength)

    @property
    def has_classes(self) -> bool:
        """Whether the targets are classes."""
        return self.y.dtype.kind == "i"

    @property
    def is_sparse(self) -> bool:
        """Whether X is a sparse matrix."""
        return sp.issparse(self.X)

    @property
    def n_classes(self) -> int:
        """Number of classes; 0 where the targets are numbers."""
        return int(self.y.max()) + 1 if self.has_classes else 0

    @property
    def data_bytes(self) -> int:
        """Size of X in memory."""
        X = self.X
        return X.data.nbytes + X.indices.nbytes + X.indptr.nbytes if self.is_sparse else X.nbytes

    @property
    def shape_in_words(self) -> str:
        """Rows, columns, type and number of classes."""
        kind = f"CSR {self.X.dtype}, {self.X.nnz:,} non-zeros" if self.is_sparse else self.X.dtype
        classes = f", {self.n_classes} classes" if self.has_classes else ""
        return f"{self.X.shape[0]:,} × {self.X.shape[1]:,} {kind}{classes}"

    def values(self, theta: np.ndarray) -> np.ndarray:
        """F for each C, at parameters Θ = [W b] of shape (c, m, k + 1), by linnet's own account."""
        theta = np.asarray(theta, dtype=np.float64)
        return np.array(
            [self._objective(C).value(part) for C, part in zip(self.Cs, theta, strict=True)]
        )

    def rehearsal(self) -> "Problem":
        """Make an easy little problem of the same kind, to warm up with.

        A few rows of the data would do but for ill-conditioned ones, on which some never end.
        """
        random = np.random.default_rng(0)
        rows = max(WARM_UP_ROWS, 2 * self.n_classes)
        X = random.random((rows, min(WARM_UP_COLUMNS, self.X.shape[1]))).astype(self.X.dtype)
        y = np.arange(rows) % self.n_classes if self.has_classes else X[:, 0].astype(np.float64)
        if self.is_sparse:
            X = sp.csr_matrix(np.where(X > 0.5, X, 0))
        Cs = tuple(C if isinf(C) else min(C, 0.01) for C in self.Cs[:2])
        return replace(self, X=X, y=y, Cs=Cs)

    def save(self, folder: Path) -> None:
        """Write the problem to a folder, for :meth:`load` in another process."""
        if self.is_sparse:
            sp.save_npz(folder / "X.npz", self.X, compressed=False)
        else:
            np.save(folder / "X.npy", self.X)
        np.save(folder / "y.npy", self.y)
        rest = {"Cs": self.Cs, "work": self.work, "pixel_scale": self.pixel_scale}
        (folder / "rest.json").write_text(json.dumps(rest))

    @staticmethod
    def load(folder: Path) -> "Problem":
        """Read what :meth:`save` wrote, into memory."""
        sparse = folder / "X.npz"
        X = sp.load_npz(sparse) if sparse.exists() else np.load(folder / "X.npy")
        rest = json.loads((folder / "rest.json").read_text())
        return Problem(X=X, y=np.load(folder / "y.npy"), **rest | {"Cs": tuple(rest["Cs"])})

    def _l2_at(self, C: float) -> float:
        return 0.0 if isinf(C) else 1 / (C * len(self.y))

    def _objective(self, C: float) -> Any:
        # Only the process that keeps the score loads linnet; a peer's own process does not.
        from linnet.data import MemorySource
        from linnet.losses import SoftmaxCrossEntropy, SquaredLoss
        from linnet.objective import Objective

        q = self.n_classes
        return Objective(
            source=MemorySource(self.X, self.y if q else self.y[:, None]),
            loss=SoftmaxCrossEntropy(anchored=q == 2) if q else SquaredLoss(),
            n_scores=q if q > 2 else 1,
            l2=self._l2_at(C),
        )
