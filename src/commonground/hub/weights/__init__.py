"""Weights: headers of safetensors, GGUF and ONNX files."""
