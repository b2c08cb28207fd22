"""The page in a real browser, over a running Newswire."""
