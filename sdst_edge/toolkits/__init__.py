"""Entries for other people's evaluation tools: the GOT-10k toolkit and the VOT toolkit."""
