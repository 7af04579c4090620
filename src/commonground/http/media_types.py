"""Media types by file name: a fixed table, the same on every machine."""

_BY_SUFFIX = {
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp",
    "svg": "image/svg+xml", "avif": "image/avif", "bmp": "image/bmp", "ico": "image/x-icon",
    "wav": "audio/wav", "mp3": "audio/mpeg", "flac": "audio/flac", "ogg": "audio/ogg", "m4a": "audio/mp4",
    "mp4": "video/mp4", "webm": "video/webm", "mov": "video/quicktime", "pdf": "application/pdf",
    "json": "application/json", "zip": "application/zip", "gz": "application/gzip",
    "parquet": "application/vnd.apache.parquet", "ipynb": "application/x-ipynb+json",
}  # fmt: skip

_TEXT = frozenset(
    [
        "c",
        "cc",
        "cfg",
        "cff",
        "conf",
        "cpp",
        "css",
        "csv",
        "cu",
        "go",
        "h",
        "hpp",
        "html",
        "htm",
        "ini",
        "java",
        "jinja",
        "js",
        "jsonl",
        "log",
        "lua",
        "md",
        "py",
        "r",
        "rs",
        "rst",
        "sh",
        "sql",
        "tex",
        "toml",
        "ts",
        "tsv",
        "txt",
        "vue",
        "xml",
        "yaml",
        "yml",
        "gitattributes",
        "gitignore",
        "dockerfile",
        "makefile",
        "license",
    ]
)

TEXT = "text/plain; charset=utf-8"
BINARY = "application/octet-stream"


def media_type(path: str) -> str:
    """What the name of a file says about its content; anything a browser could run is called plain text."""
    suffix = path.rpartition("/")[2].lower().rpartition(".")[2]
    return TEXT if suffix in _TEXT else _BY_SUFFIX.get(suffix, BINARY)
