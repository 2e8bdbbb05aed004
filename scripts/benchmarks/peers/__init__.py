"""Engines of others. What is here runs in `.venv-peers` and imports nothing of the server."""
