"""Losses from one teacher to a student, each a function of tensors with its formula and source."""
