"""Where articles come from: feeds, pages, sitemaps, archives. Usable on its own."""
