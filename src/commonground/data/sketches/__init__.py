"""Summaries that merge: the same whatever the order and the grouping of the parts."""
