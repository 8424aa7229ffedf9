"""Uncertainty of untuned fits, beside peers and known posteriors."""
