"""Users, organisations, tokens, sessions, and the one table of who may do what."""
