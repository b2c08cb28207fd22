"""The one place where settings become connected parts."""
