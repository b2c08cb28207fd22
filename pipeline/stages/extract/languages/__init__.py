"""Read dates, quotations and names of languages that are known by tables alone."""
