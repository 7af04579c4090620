"""The one error of the format library."""


class FormatError(ValueError):
    """Bytes that claim to be Xet data and are not; the message is a reason fit for the uploader."""
