"""Repositories: named trees of files, who owns them, how they are found and counted."""
