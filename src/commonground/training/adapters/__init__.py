"""Programs out of a framework's models, one module a framework."""
