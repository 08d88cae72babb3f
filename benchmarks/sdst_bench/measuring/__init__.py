"""What is measured of a bundle, one part a module. Each returns what it measured, or raises :class:`NotMeasured`."""
