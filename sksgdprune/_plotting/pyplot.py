"""matplotlib, which is imported only where something is drawn."""


def pyplot():
    """Return matplotlib.pyplot; an ImportError says how to install it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "Drawing needs matplotlib; install it with: pip install 'sksgdprune[plot]'"
        ) from error
    return plt
