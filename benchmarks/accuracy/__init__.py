"""Accuracy of untuned fits, beside peers and on raw data."""
