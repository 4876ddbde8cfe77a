"""Time the package and others in one process, and compare them: `python -m benchmarks`."""
