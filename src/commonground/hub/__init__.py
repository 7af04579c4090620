"""Repositories, revisions, cards, weights and search: the heart."""
