"""The chain of Penstock."""
