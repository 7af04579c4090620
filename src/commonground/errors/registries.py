"""OCI registries."""

from commonground.errors.base import CommongroundError


class InvalidRegistryName(CommongroundError):
    """A name of the OCI protocol names no repository here and cannot."""

    status, code = 400, "CG-1701"
    en, zh = "{name} cannot be a repository here: {reason}.", "{name} 不能作为仓库名：{reason}。"
    remedy = "write host/owner/name, in lower case; data sets are host/datasets/owner/name"


class InvalidDigest(CommongroundError):
    """A text is no digest, or one by a function this server does not compute."""

    status, code = 400, "CG-1702"
    en, zh = "{digest} is not a digest of the content or of any.", "{digest} 不是该内容的摘要，或不是有效的摘要。"
    remedy = "write `sha256:` and 64, or `sha512:` and 128 hexadecimal digits of what is sent"


class InvalidManifest(CommongroundError):
    """A manifest cannot be read, or says what this server does not accept."""

    status, code = 400, "CG-1703"
    en, zh = "The manifest is not accepted: {reason}.", "清单不被接受：{reason}。"
    remedy = "change what the message names and push it again"


class ManifestNotFound(CommongroundError):
    """The repository has no such tag or manifest, or none that a manifest can describe."""

    status, code = 404, "CG-1704"
    en, zh = "There is no manifest {reference}: {reason}.", "没有清单 {reference}：{reason}。"
    remedy = "list the tags: every branch and tag of the repository is one"


class ContentInUse(CommongroundError):
    """Content cannot be deleted by itself, because commits or manifests use it."""

    status, code = 405, "CG-1705"
    en, zh = "{oid} is in use by {user}.", "{oid} 正被 {user} 使用。"
    remedy = "delete what uses it first"
