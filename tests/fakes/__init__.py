"""Small real adapters in memory, held by the contract suites, for tests of what stands above the ports."""
