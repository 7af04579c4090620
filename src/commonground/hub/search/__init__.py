"""Search over repositories: full text, filters, sorting."""
