"""What a head should say about a pair, for each kind of output, and how far boxes overlap."""
