"""One package a protocol. Gateways never import each other."""
