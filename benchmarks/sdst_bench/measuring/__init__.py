"""What is measured of a bundle: its start, its frames stage by stage, at a camera's pace, of many targets."""
