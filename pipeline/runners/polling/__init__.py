"""Polling feeds and publishing what they bring."""
