"""The API of programs: one table of operations, from which routes and OpenAPI are made."""
