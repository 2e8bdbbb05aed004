"""The retrieval of Penstock."""
