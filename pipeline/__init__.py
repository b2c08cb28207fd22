"""What happens to an article between the feed and the reader: stages, the log between them, search and alerts."""
