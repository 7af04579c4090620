"""Model Context Protocol: assistants search the hub and read its cards and files."""
