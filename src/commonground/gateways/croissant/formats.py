"""The media types that Croissant's readers know."""

_BY_SUFFIX = {
    "csv": "text/csv", "tsv": "text/tab-separated-values", "jsonl": "application/jsonlines",
    "ndjson": "application/jsonlines", "json": "application/json", "parquet": "application/x-parquet",
    "txt": "text/plain", "md": "text/plain", "rst": "text/plain", "jpg": "image/jpeg", "jpeg": "image/jpeg",
    "png": "image/png", "tif": "image/tiff", "tiff": "image/tiff", "webp": "image/webp", "mp3": "audio/mpeg",
    "wav": "audio/wav", "flac": "audio/flac", "ogg": "audio/ogg", "mp4": "video/mp4", "webm": "video/webm",
    "zip": "application/zip", "tar": "application/x-tar", "gz": "application/gzip", "arrow": "application/vnd.apache.arrow.file",
    "pdf": "application/pdf", "xml": "application/xml", "html": "text/html", "yaml": "application/yaml",
}  # fmt: skip
_NAMES = frozenset({"license", "readme", "notice", "copying"})


def encoding_format(path: str) -> str:
    """What kind of file the name announces."""
    name = path.rpartition("/")[2].lower()
    if name in _NAMES:
        return "text/plain"
    return _BY_SUFFIX.get(name.rpartition(".")[2], "application/octet-stream")
