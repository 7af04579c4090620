"""Asset cards for fairseq2."""
