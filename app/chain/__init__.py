"""The chain: filters measure, the chain decides."""
