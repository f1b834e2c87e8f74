"""Time to the same certified optimum, linnet and its peers side by side: python -m benchmarks."""
