"""The recorder of Penstock."""
