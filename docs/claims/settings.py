"""Figures on pages that are no measurements: defaults, versions, sizes of examples.

{page: [texts that hold them]}
"""

NOT_MEASURED = {}
