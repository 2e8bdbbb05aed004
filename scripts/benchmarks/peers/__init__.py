"""Engines and guards of others. What is here runs in environments of theirs, without the server."""
