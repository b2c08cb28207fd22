"""Code who did what to whom."""
