"""Checks of the API that Hugging Face clients call. It has no specification: sections name what the client does."""
