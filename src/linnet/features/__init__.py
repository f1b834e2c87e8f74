"""From columns of a table to numbers, and from labels to classes."""

from linnet.features.encoder import TableEncoder
from linnet.features.labels import Labels, class_codes, read_labels

__all__ = ["Labels", "TableEncoder", "class_codes", "read_labels"]
