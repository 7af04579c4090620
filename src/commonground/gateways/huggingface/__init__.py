"""The Hugging Face Hub API: what `huggingface_hub`, `transformers`, `datasets` and the tools around them call."""
