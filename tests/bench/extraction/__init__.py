"""Measures of what extraction finds, against annotated text."""
