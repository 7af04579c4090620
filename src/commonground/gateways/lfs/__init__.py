"""The git LFS batch API."""
