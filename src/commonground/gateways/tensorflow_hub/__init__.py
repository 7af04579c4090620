"""The protocol of the library tensorflow_hub."""
