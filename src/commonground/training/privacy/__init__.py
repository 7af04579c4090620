"""Differential privacy: the mechanism, what it costs, and the ledger of what data sets have paid."""
