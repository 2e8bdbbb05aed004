"""The store of Penstock."""
