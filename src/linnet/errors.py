"""What can go wrong, and how linnet says it: what was seen, what is needed, what to do."""

__all__ = [
    "DataError",
    "DataTypeError",
    "DataWarning",
    "DiskFullError",
    "LinnetError",
    "LinnetWarning",
    "MissingDependencyError",
    "ModelFileError",
    "SettingError",
    "SourceLostError",
    "TableError",
]


class LinnetError(Exception):
    """Base of every error that linnet raises on purpose."""


class DataError(LinnetError, ValueError):
    """Values that cannot be used: the message names the row, column or shape."""


class DataTypeError(LinnetError, TypeError):
    """An argument of a kind that cannot be used at all."""


class TableError(DataError):
    """A file or table that cannot be read: the message names the file, and the line or column."""


class ModelFileError(LinnetError, ValueError):
    """A model file that is truncated, altered, of a newer format, or not a model at all."""


class SettingError(LinnetError, ValueError):
    """A setting outside its range, or settings that contradict each other."""


class DiskFullError(LinnetError, OSError):
    """The disk, or what may be used of it, is full: nothing of what was written is left."""


class MissingDependencyError(LinnetError, ImportError):
    """An optional package is needed: the message says which, and how to install it."""


class SourceLostError(LinnetError, ConnectionError):
    """Rows on other machines that can no longer be reached: the message says what was lost."""


class LinnetWarning(UserWarning):
    """Base of every warning that linnet gives."""


class DataWarning(LinnetWarning):
    """The data were used, but not quite as given: the message counts what was changed."""
