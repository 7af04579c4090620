"""Local listeners for clients whose servers are written into them: they answer from a hub instead."""
