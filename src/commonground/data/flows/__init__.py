"""Flows: what is read, what is done to it, and where it goes."""
