"""Labelled texts to measure the filters with that come along: found on this machine, or made."""
