"""Amounts of information, measured in nats or bits: entropy, cross entropy, divergence."""

from linnet.information.derived import jensen_shannon, perplexity
from linnet.information.distributions import SUM_TOLERANCE
from linnet.information.logits import (
    cross_entropy_from_logits,
    entropy_from_logits,
    kl_divergence_from_logits,
)
from linnet.information.measures import (
    cross_entropy,
    entropy,
    kl_divergence,
    surprise,
    uniform_code,
)
from linnet.information.units import NATS_PER_UNIT, Information, InformationArray, nats_per

__all__ = [
    "NATS_PER_UNIT",
    "SUM_TOLERANCE",
    "Information",
    "InformationArray",
    "cross_entropy",
    "cross_entropy_from_logits",
    "entropy",
    "entropy_from_logits",
    "jensen_shannon",
    "kl_divergence",
    "kl_divergence_from_logits",
    "nats_per",
    "perplexity",
    "surprise",
    "uniform_code",
]
