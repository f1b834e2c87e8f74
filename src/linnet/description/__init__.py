"""What a model's codes describe: labels sent online, information that models can use, models."""

from linnet.description.choice import DescriptionChoice, shortest_description
from linnet.description.code_report import code_report
from linnet.description.prequential import (
    PrequentialBlock,
    PrequentialCode,
    prequential_code_length,
)
from linnet.description.suspects import Suspects, suspects
from linnet.description.two_part import DescriptionLength, description_length
from linnet.description.v_information import VInformation, v_information

__all__ = [
    "DescriptionChoice",
    "DescriptionLength",
    "PrequentialBlock",
    "PrequentialCode",
    "Suspects",
    "VInformation",
    "code_report",
    "description_length",
    "prequential_code_length",
    "shortest_description",
    "suspects",
    "v_information",
]
