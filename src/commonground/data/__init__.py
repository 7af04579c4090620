"""Data: flows that turn raw sources into curated data sets with proof of their quality."""
