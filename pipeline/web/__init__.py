"""The web page, its live stream and its API: over services and views, knowing no adapter, runner or setting."""
