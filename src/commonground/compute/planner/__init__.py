"""How long training takes, what it costs and what holds it up: Foster's model, calibrated on this machine."""
