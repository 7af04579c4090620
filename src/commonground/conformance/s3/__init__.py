"""Checks of the S3 API: buckets, objects, lists, uploads in parts."""
