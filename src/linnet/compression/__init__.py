"""Whole tables as bytes: each column coded given those before it, by models of this library."""

from linnet.compression.tables import compress_table, decompress_table

__all__ = ["compress_table", "decompress_table"]
