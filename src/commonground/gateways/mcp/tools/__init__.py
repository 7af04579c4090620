"""What an assistant can ask the hub for: one module a theme, and the list of all."""
