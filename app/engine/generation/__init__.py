"""Text generation: many completions written together, one token each at every step."""
