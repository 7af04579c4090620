"""The Xet protocol (a content-addressed store, "CAS"): docs/xet of huggingface/hub-docs."""

from commonground.gateways.xet.gateway import XetGateway

__all__ = ["XetGateway"]
