"""Everything that executes is a run: its queue, its workers, and what starts its processes."""
