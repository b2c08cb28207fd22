"""Scripts that build the data files shipped in the package; run by hand, each writes version, sources and sha256."""
