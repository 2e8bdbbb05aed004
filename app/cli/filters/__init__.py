"""`penstock filters`: from writing a filter to knowing how good it is."""

# The order of these lines is that of the help.
from app.cli.filters.group import app  # isort: skip
from app.cli.filters import looking  # isort: skip
from app.cli.filters import trying  # isort: skip
from app.cli.filters import timing  # isort: skip
from app.cli.filters import evaluating  # isort: skip
from app.cli.filters import writing  # isort: skip

__all__ = ["app", "evaluating", "looking", "timing", "trying", "writing"]
