"""Data-parallel training without servers: every worker holds all parameters and takes the mean over the workers."""
