"""What docs/check_site.py checks: files and links (`files`), and pages in a browser (`browser`)."""
