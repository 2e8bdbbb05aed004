"""Filters in processes of their own: what hangs, crashes or grows there costs the server nothing."""
