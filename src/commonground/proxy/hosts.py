"""The hosts that proxies stand in for."""

GITHUB = ("github.com", "api.github.com", "codeload.github.com")
EVERY = (*GITHUB,)
"""What the certificate authority may vouch for."""
