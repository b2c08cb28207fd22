"""Find the feeds of a page."""
