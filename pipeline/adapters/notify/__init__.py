"""Where alerts go: one module per means, each named by the scheme of the addresses it takes."""
