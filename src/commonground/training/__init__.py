"""What a run may do inside its processes: the parameter server, and the kinds of training built on it."""
