"""OpenSSF Model Signing v1.0: who vouches for exactly these files."""
