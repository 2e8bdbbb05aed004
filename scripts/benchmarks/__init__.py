"""Measurements of the whole server and of its parts. Nothing here judges; tests do that."""
