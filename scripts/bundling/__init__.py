"""From trained weights to a bundle: graph, int8, gates, card, manifest."""
