"""Bytes of an exported network, and its time for a row."""
