"""What callers do to a repository that the path of a route does not name by owner and name, protocol by protocol."""
