"""The Xet content-addressed store API."""
