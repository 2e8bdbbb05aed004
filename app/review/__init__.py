"""The review of Penstock."""
