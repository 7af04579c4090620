"""Runs: one execution of a specification."""
