"""Benchmarks by subject; each script runs as a module, `python -m benchmarks.accuracy.tables`."""
