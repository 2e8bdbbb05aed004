"""The life cycle of a model, one runnable a step: `python -m scripts.<step> --help`."""
