"""The cli of Penstock."""
