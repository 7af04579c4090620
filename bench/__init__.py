"""Side-by-side measurements, written to bench/results/AREA.json."""
