"""Sparsity report: a network's tensors and what is left of them, as a table."""

from __future__ import annotations

from typing import Any

COUNTS = ("free", "frozen", "pruned")
HEAD = ("tensor", "shape", *COUNTS, "remaining")


class SparsityReport(list[dict[str, Any]]):
    """A list of dicts, one per tensor, that prints as a table with a row for all of them.

    Parameters
    ----------
    tensors : iterable of dict
        The tensors.
    size : Size
        What the network takes in its smallest form: the attributes `n_bytes` and `form`.
    """

    n_bytes: int
    form: str

    def __init__(self, tensors, size):
        super().__init__(tensors)
        self.n_bytes, self.form = size

    @property
    def _smallest(self):
        return f"smallest: {self.n_bytes:,} bytes, {self.form}"

    def _rows(self):
        """Return the texts of the table, row by row, without its head."""
        total = {word: sum(tensor[word] for tensor in self) for word in COUNTS}
        rows = [*self, {"tensor": "total", "shape": ()} | total]
        return [
            [
                row["tensor"],
                " × ".join(map(str, row["shape"])),
                *(f"{row[word]:,}" for word in COUNTS),
                _remaining(row),
            ]
            for row in rows
        ]

    def __repr__(self):
        table = [HEAD, *self._rows()]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [
            "  ".join(
                # Names are read from the left, numbers from the right.
                text.ljust(width) if column == 0 else text.rjust(width)
                for column, (text, width) in enumerate(zip(row, widths, strict=True))
            )
            for row in table
        ]
        return "\n".join([*lines, self._smallest])

    def _repr_html_(self):
        head = "".join(f"<th>{text}</th>" for text in HEAD)
        rows = ["".join(f"<td>{text}</td>" for text in row) for row in self._rows()]
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f"{table}<p>{self._smallest}</p>"


def _remaining(row):
    free, frozen, pruned = (row[word] for word in COUNTS)
    size = free + frozen + pruned
    # Three digits, not decimals: a few weights out of a million are not 0.0 %.
    return f"{100 * (free + frozen) / size:.3g} %" if size else ""
