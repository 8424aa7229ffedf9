"""Data sets, resumable runs, reports, figures and timing, shared by all benchmarks."""
