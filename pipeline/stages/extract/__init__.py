"""Read articles for events, quotations, dates and names."""
