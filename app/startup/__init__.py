"""Opening what a server needs, each part in a module of its own."""
