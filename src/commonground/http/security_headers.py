"""Headers that keep a browser from being turned against its user. For files of repositories see ``files.UNTRUSTED``."""

from commonground.settings import Settings

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: https:",  # cards show pictures of other sites
    "media-src": "'self' https:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "manifest-src": "'self'",
}

_COMMON = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "strict-origin-when-cross-origin"}

_YEAR = 31_536_000


def page_headers(settings: Settings) -> dict[str, str]:
    """For pages of our own: scripts and styles only from files of ours, no framing, HTTPS remembered where it is on."""
    policy = {**_POLICY, **({"upgrade-insecure-requests": ""} if settings.secure else {})}
    headers = {
        **_COMMON,
        "Content-Security-Policy": "; ".join(f"{name} {value}".strip() for name, value in policy.items()),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    }
    if settings.secure:
        headers["Strict-Transport-Security"] = f"max-age={_YEAR}"
    return headers
