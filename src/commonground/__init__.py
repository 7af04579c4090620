"""Commonground: public infrastructure for foundation models."""

__version__ = "0.1.0"
