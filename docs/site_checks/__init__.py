"""Checks of docs/check_site.py: files and links (`files`), pages in a browser (`browser`)."""
