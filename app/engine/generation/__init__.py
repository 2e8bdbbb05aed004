"""Text generation: many completions at once over one decoder graph."""
