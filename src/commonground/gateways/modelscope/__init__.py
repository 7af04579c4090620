"""The API of the ModelScope hub."""
