"""`python -m app` is the `penstock` command."""

from app.cli import app

app()
