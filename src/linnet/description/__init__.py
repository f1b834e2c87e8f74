"""What a model's codes describe: labels sent online, information that models can use, models."""

from linnet.description.prequential import (
    PrequentialBlock,
    PrequentialCode,
    prequential_code_length,
)
from linnet.description.suspects import Suspects, suspects
from linnet.description.v_information import VInformation, v_information

__all__ = [
    "PrequentialBlock",
    "PrequentialCode",
    "Suspects",
    "VInformation",
    "prequential_code_length",
    "suspects",
    "v_information",
]
