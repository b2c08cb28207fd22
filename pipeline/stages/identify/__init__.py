"""Tell articles apart and keep their revisions."""
