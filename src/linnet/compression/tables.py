"""Arrow tables and data frames compressed, and back to the same values and types."""
__all__=["compress_table","decompress_table"]
compress_table = decompress_table = None
