"""Values as lines, JSON, CSV and Atom: what the command line and the web print of an answer."""
