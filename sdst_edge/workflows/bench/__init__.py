"""The bench as a whole: its parts in order, other machines, and the page."""
