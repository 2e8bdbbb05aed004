"""Training: what is learnt, in which order, and how a run survives being killed."""
