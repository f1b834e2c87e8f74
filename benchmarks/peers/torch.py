"""PyTorch: its L-BFGS on the objective as autograd sees it, on the processor."""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.peers.contender import ITERATIONS, Contender, Fit
from benchmarks.problems import Problem

__all__ = ["CONTENDERS"]


def _prepare(problem: Problem) -> tuple[Callable[[Any], Any], Any, Problem]:
    import torch

    y = torch.from_numpy(problem.y)
    if not problem.is_sparse:
        X = torch.from_numpy(problem.X)
        return X.matmul, y, problem
    # The product with a CSR matrix has a slow derivative; one with the transpose at hand is fair.
    X, transpose = _csr(problem.X), _csr(problem.X.T.tocsr())

    class Product(torch.autograd.Function):
        @staticmethod
        def forward(_: Any, W: Any) -> Any:
            return X @ W

        @staticmethod
        def backward(_: Any, gradient: Any) -> Any:
            return transpose @ gradient

    return Product.apply, y, problem


def _csr(X: Any) -> Any:
    import torch

    return torch.sparse_csr_tensor(
        torch.from_numpy(X.indptr.astype(np.int64)),
        torch.from_numpy(X.indices.astype(np.int64)),
        torch.from_numpy(X.data),
        X.shape,
        check_invariants=True,
    )


def _fit(prepared: tuple[Callable[[Any], Any], Any, Problem], iterations: int) -> Fit:
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

    product, y, problem = prepared
    kind = getattr(torch, str(problem.X.dtype))
    scores = problem.n_classes if problem.n_classes > 2 else 1
    W = torch.zeros(problem.X.shape[1], scores, dtype=kind, requires_grad=True)
    b = torch.zeros(scores, dtype=kind, requires_grad=True)

    def loss(Z: Any) -> Any:
        if not problem.has_classes:
            return 0.5 * ((Z[:, 0] - y) ** 2).mean()
        if scores == 1:
            return binary_cross_entropy_with_logits(Z[:, 0], y.to(Z.dtype))
        return cross_entropy(Z, y)

    def closure() -> Any:
        solver.zero_grad()
        F = loss(product(W) + b) + 0.5 * problem.l2 * (W * W).sum()
        F.backward()
        return F

    solver = torch.optim.LBFGS(
        [W, b],
        max_iter=iterations,
        tolerance_grad=0.0,
        tolerance_change=0.0,
        line_search_fn="strong_wolfe",
    )
    solver.step(closure)
    theta = torch.cat([W.T, b[:, None]], dim=1)
    return Fit(theta.detach().numpy().astype(np.float64)[None])


def _objection(_: Problem) -> str:
    return ""


CONTENDERS = (
    Contender(
        name="PyTorch, L-BFGS",
        package="torch",
        fit=_fit,
        prepare=_prepare,
        ladder=ITERATIONS,
        objection=_objection,
    ),
)
