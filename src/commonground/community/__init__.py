"""What people do with the repositories of others."""
