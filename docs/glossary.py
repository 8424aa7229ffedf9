"""Words that pages, messages and docstrings avoid, and what they write instead.

The expressions ignore case. They are for prose: code and names of the interface are not for them.
"""

import re

_RUN = r"(?:a|the|its|each) (?:run|fit|training)\b"

# {regular expression: what to write instead}
LEFT_COLUMN = {
    r"\bhonest(?:y|ly)?\b": "calibrated",
    r"\bkept iterates\b": "posterior samples",
    r"\bposterior draws\b|\bdraws from the posterior\b": "posterior samples",
    r"\b(?:no|with|without|kept|hundred|\d+|mean of) draws\b": (
        "posterior samples; draws of rows: minibatches"
    ),
    r"\btells? how sure\b|\bhow far off one may be\b": "prediction intervals",
    r"\bthe less the data say\b": "less, the more data there are",
    r"\bnext to nothing\b": "the number, or: almost 0",
    r"\b(?:tell(?:s|ing)?|told)(?: \w+){0,3} apart\b": "distinguish",
    r"\bdear(?:er|est)\b": "more expensive, most expensive",
    r"\bon the mean\b(?=[.,;:)]|$| (?:across|over|than)\b)": "on average",
    r"\b(?:hangs?|hung) on\b": "depends on",
    r"\bheating: remote\b": "heating: district",
    r"\bhouse\b(?! (?:number|price|sale)s?\b)": "package",
    r"\b(?:rooms|floors) (?:in|of) (?:the|this) (?:code|package)\b": (
        "modules, layers"
    ),
    r"\bdoors (?:into|of|to) (?:the|this) (?:code|package)\b": "entry points",
    r"\ba training\b(?! (?:data|run|step|row|set|sample|split|loss|score"
    r"|state|time|script|loop|curve|example|fold|part)s?\b)": (
        "a training run, a fit"
    ),
    r"\btrainings\b": "training runs, fits",
    r"\b(?:come|comes|came|coming) to rest\b": "converge",
    r"\bkeeper\b|\bkept results\b": "result cache",
    rf"\bcourse of {_RUN}": "schedule of a run; in its course: during it",
    rf"\btail of {_RUN}": "averaging window",
    r"\bpruning recipes?\b": "pruning plan",
    r"\bheld rows\b": "calibration rows, validation rows",
    r"\bwatch(?:es|ed|ing)?\b": "monitor",
    r"\b(?:leads?|led|leading) nowhere\b": "dead units, dead connections",
    r"\bnone of ours\b": "must be a PreconditionedMLPClassifier …",
    r"\bpossible (?:is|are) ['\"‘“]": "expected",
    r"\b(?:own|targets?'s?|y's) units?\b|\bin units of\b": (
        "scale; a multiple of; units are hidden units"
    ),
    r"(?<![\w.])\.\d+\b": "the number with its zero",
}


def words_to_mend(text):
    """Yield (what stands in a text of prose, what to write instead)."""
    text = " ".join(text.split())
    for expression, instead in LEFT_COLUMN.items():
        for found in re.finditer(expression, text, re.IGNORECASE):
            yield found[0], instead
