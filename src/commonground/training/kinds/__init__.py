"""One module a kind of training: the function its entry point names."""
