"""Federated training: clients train where their rows are, a server averages what they learned (McMahan et al., AISTATS 2017)."""
