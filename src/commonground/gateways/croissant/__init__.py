"""Croissant 1.0: a data set described so that machines can load it."""
