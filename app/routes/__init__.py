"""The routes of Penstock."""
