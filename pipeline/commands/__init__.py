"""The command line, one file per group of commands; each is imported when it is called."""
