"""Manifests, bills of materials, signatures and documents."""

from commonground.errors.base import CommongroundError


class TooManyFiles(CommongroundError):
    """A revision has more files than one document describes."""

    status, code = 413, "CG-1601"
    en = "The revision of {repository} has more than {limit} files, the most one document describes."
    zh = "{repository} 的该版本超过 {limit} 个文件，超出单个文档可描述的上限。"
    remedy = "use the manifest, which comes in pages: `commonground manifest`"


class InvalidKey(CommongroundError):
    """A key cannot be read, or is of a kind that signs nothing here."""

    status, code = 400, "CG-1602"
    en, zh = "The key cannot be used: {reason}.", "无法使用该密钥：{reason}。"
    remedy = "use an elliptic curve key (P-256, P-384 or P-521) in PEM form"


class InvalidSignature(CommongroundError):
    """A signature is missing, unreadable, by another key, or not about these files."""

    status, code = 400, "CG-1603"
    en, zh = "The signature does not hold: {reason}.", "签名无效：{reason}。"
    remedy = "do not use the files unless you know why they differ; whoever owns the key can sign them again"


class InvalidDocument(CommongroundError):
    """A file does not keep to the standard it is written in."""

    status, code = 400, "CG-1604"
    en, zh = "{path} is not valid: {reason}.", "{path} 无效：{reason}。"
    remedy = "change what the lines before name"
