"""How fast the package is, compared with others in one process: `python -m benchmarks`."""
