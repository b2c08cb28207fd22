"""Read articles and subscription lists from files."""
