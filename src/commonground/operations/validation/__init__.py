"""Checks documents and weight files against what they claim to be, and names every problem with its place."""
