"""GGUF models, for `ollama pull`."""
