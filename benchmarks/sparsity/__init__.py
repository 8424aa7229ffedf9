"""Accuracy of pruned networks, beside torch's."""
