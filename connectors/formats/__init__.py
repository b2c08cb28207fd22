"""Read every kind of feed document."""
