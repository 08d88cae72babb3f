"""Which templates and search regions go together, and how they reach the network."""
