"""Checks of the OCI distribution specification 1.1."""
