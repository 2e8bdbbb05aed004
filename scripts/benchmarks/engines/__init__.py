"""Our engine beside the ones that users would pick instead, in one run."""
