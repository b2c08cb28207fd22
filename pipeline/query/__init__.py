"""The query language: one parser, one syntax tree, and its meaning for the matcher and the search engines."""
