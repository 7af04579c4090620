"""Scores any hub: small named checks of a protocol over plain HTTP, run from the client's side."""
