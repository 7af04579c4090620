"""What a revision consists of: every file with its size and SHA-256."""
