"""Checkpoints under names that ``torch.hub`` can verify."""
