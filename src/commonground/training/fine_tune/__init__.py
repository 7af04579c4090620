"""A model of the hub, trained on a data set of the hub for a task, in full or by low-rank adapters."""
