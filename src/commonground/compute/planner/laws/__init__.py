"""Laws with coefficients that are fitted to measured steps; their latency is bounded by a logarithm."""
