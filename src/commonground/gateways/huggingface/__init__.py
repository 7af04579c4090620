"""The Hugging Face Hub API."""
