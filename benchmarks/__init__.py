"""How fast the package is, beside others, in one process: `python -m benchmarks`."""
