"""Follow feeds: what is polled when, and which entries are new."""
