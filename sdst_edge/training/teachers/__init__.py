"""Frozen trackers, and their predictions on the student's grid."""
