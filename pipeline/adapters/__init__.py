"""One package or file per technology: translate, raise our errors, decide nothing."""
