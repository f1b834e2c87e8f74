"""Codes: the lengths that information theory speaks of, as bits that can be written and read."""

from linnet.codes.huffman import huffman_lengths
from linnet.codes.lengths import (
    NO_WORD,
    kraft_sum,
    mean_length,
    prefix_code_exists,
    redundancy,
    shannon_lengths,
)
from linnet.codes.prefix import HuffmanCode

__all__ = [
    "NO_WORD",
    "HuffmanCode",
    "huffman_lengths",
    "kraft_sum",
    "mean_length",
    "prefix_code_exists",
    "redundancy",
    "shannon_lengths",
]
