"""What is reported of runs that are executed elsewhere, in the same tables as those that are executed here."""
