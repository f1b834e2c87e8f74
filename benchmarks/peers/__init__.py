"""The contenders by name: linnet, and every peer that it is measured against."""

from benchmarks.peers import binary, dual, linnet, scikit_learn, scikit_learn_intelex, torch
from benchmarks.peers.contender import Contender, Fit

__all__ = ["CONTENDERS", "Contender", "Fit"]

CONTENDERS: dict[str, Contender] = {
    contender.name: contender
    for module in (linnet, scikit_learn, scikit_learn_intelex, torch, dual, binary)
    for contender in module.CONTENDERS
}
