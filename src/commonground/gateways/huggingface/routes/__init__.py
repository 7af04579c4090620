"""The routes of the protocol, one class an area. Each is thin: decode, call a service, encode."""
