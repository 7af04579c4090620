"""What starts the processes of a run, one module an engine."""
