"""The API of our own, /api/cg/v1."""
