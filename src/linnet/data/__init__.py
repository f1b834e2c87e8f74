"""Where samples come from: batches, sources of batches, and the tables people keep."""

from linnet.data.batch import Batch, Matrix
from linnet.data.memory import MemorySource
from linnet.data.source import Source

__all__ = ["Batch", "Matrix", "MemorySource", "Source"]
