"""Archives of a folder at a revision, computed as they are sent."""
