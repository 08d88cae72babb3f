"""Files of other projects, read without running anything in them: from bytes to weights by their original names."""
