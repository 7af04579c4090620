"""Likes: a mark of an account on a repository, counted there."""
