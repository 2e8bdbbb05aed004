"""The encoder of Penstock."""
