"""Find and resolve dates."""
