"""From columns of a table to numbers, and from labels to classes."""

from linnet.features.encoder import TableEncoder
from linnet.features.hashing import HashingEncoder
from linnet.features.labels import Labels, class_codes, read_labels
from linnet.features.streamed import EncodedRows

__all__ = ["EncodedRows", "HashingEncoder", "Labels", "TableEncoder", "class_codes", "read_labels"]
