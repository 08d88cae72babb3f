"""From a frame to region crops, and from those to what a network sees, by the geometry of the device."""
