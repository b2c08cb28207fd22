"""What happens to an article, one verb per file: pure functions from values to decisions."""
