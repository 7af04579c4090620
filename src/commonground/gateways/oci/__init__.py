"""The OCI distribution protocol: repositories as artifacts of a registry."""
