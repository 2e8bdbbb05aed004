"""What a model gets right on rows it never saw, slice by slice."""
