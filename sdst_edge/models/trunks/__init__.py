"""Feature extractors, each shared by the families that are built on it."""
