"""Comparisons from which the defaults were chosen."""
