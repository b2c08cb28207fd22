"""Fetch over HTTP: politely, guarded and bounded."""
