"""Estimators for which "auto" stands for something else than by default."""

DEFAULTS = "defaults"  # no change


def with_defaults(kind, change):
    """Return a class of estimators for which "auto" stands for something else."""
    auto = kind._auto_defaults
    for name, value in change.items():
        if name.startswith("auto × "):
            field = name.removeprefix("auto × ")
            auto = auto._replace(**{field: value * getattr(auto, field)})
        elif name.startswith("auto "):
            auto = auto._replace(**{name.removeprefix("auto "): value})
    return type(kind.__name__, (kind,), {"_auto_defaults": auto})
