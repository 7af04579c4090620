"""What makes a repository trustworthy: its files with their digests, bills of materials, signatures, validation."""
