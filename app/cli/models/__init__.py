"""`penstock models`: from bringing a model in to removing it."""

# The order of these lines is that of the help.
from app.cli.models.group import app  # isort: skip
from app.cli.models import arriving  # isort: skip
from app.cli.models import looking  # isort: skip
from app.cli.models import serving  # isort: skip
from app.cli.models import removing  # isort: skip

__all__ = ["app", "arriving", "looking", "removing", "serving"]
