"""The runtime of Penstock."""
