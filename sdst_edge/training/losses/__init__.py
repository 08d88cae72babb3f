"""How wrong a network is against the annotation, for each kind of output."""
