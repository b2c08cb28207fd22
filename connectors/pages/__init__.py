"""Read the pages that entries lead to."""
