"""What a head should say about a pair, for each kind of output."""
