"""Cards: the typed metadata in the front matter of a README."""
