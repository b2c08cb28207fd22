"""Match articles against alert rules."""
