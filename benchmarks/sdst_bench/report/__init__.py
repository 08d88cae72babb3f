"""The report of a run: its data, its schema, and what people read of it."""
