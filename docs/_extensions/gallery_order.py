"""The order of the examples: from pruning to what is done with a pruned network."""

ORDER = [
    "digits_curve",
    "one_standard_error",
    "smallest_network",
    "pixels",
    "pipeline_dataframe",
    "feature_selection",
    "sparse_text",
    "uncertainty_bands",
    "calibration",
    "streaming",
    "freeze_to_adapt",
    "dask",
    "onnx",
]


class GalleryOrder:
    """The place of an example's file, as sphinx-gallery asks for it."""

    def __init__(self, src_dir):
        pass

    def __call__(self, filename):
        """Return the place of a file."""
        return ORDER.index(
            filename.removeprefix("plot_").removesuffix(".py")
        )
