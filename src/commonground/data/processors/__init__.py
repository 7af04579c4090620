"""What is done to rows: functions from Arrow batches to Arrow batches."""
