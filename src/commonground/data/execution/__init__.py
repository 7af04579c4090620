"""How a flow runs: stages of tasks, the same on every engine."""
