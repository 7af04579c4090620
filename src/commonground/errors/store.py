"""Bytes: what was sent, what is kept."""

from commonground.errors.base import CommongroundError


class InvalidXorb(CommongroundError):
    """An uploaded xorb does not verify."""

    status, code = 400, "CG-1301"
    en, zh = "The xorb was refused: {reason}.", "xorb 被拒绝：{reason}。"
    remedy = "upload it again; if it persists, update the client"


class InvalidShard(CommongroundError):
    """An uploaded shard does not verify or names chunks the uploader does not have."""

    status, code = 400, "CG-1302"
    en, zh = "The shard was refused: {reason}.", "shard 被拒绝：{reason}。"
    remedy = "upload its xorbs first; if it persists, update the client"


class BlobNotFound(CommongroundError):
    """No such blob, or none the caller may use."""

    status, code = 404, "CG-1303"
    en, zh = "There is no content {oid}.", "没有内容 {oid}。"
    remedy = "upload it, or read it through a repository that contains it"


class DigestMismatch(CommongroundError):
    """Bytes do not have the digest that was claimed for them."""

    status, code = 400, "CG-1304"
    en, zh = "The content has the digest {actual}, not {expected}.", "内容的摘要是 {actual}，而非 {expected}。"
    remedy = "send it again: it was damaged on the way or the file changed during the upload"


class CorruptBlob(CommongroundError):
    """Stored bytes fail their own hash; they are never served."""

    status, code = 500, "CG-1305"
    en, zh = "Stored content {oid} is damaged; run fsck.", "存储内容 {oid} 已损坏，请运行 fsck。"
    remedy = "`commonground fsck` names what is affected; upload the file again or restore a backup"


class StorageFull(CommongroundError):
    """The disk or the quota of the store is exhausted."""

    status, code = 507, "CG-1306"
    en, zh = "The storage is full; nothing was written.", "存储空间已满，未写入任何数据。"
    remedy = "free space or run `commonground gc`, then try again"


class StorageUnavailable(CommongroundError):
    """The object store does not answer."""

    status, code = 503, "CG-1307"
    en, zh = "The storage does not answer: {reason}.", "存储没有响应：{reason}。"
    remedy = "check CG_STORAGE_URL and that the object store runs, then try again"


class SizeMismatch(CommongroundError):
    """A body is shorter or longer than announced."""

    status, code = 400, "CG-1308"
    en, zh = "Received {actual} bytes, expected {expected}.", "收到 {actual} 字节，应为 {expected} 字节。"
    remedy = "send it again: it was cut off or the file changed during the upload"


class UploadNotFound(CommongroundError):
    """A multipart upload is unknown, finished, expired or somebody else's."""

    status, code = 404, "CG-1309"
    en, zh = "There is no upload {upload}.", "没有上传任务 {upload}。"
    remedy = "start the upload again"


class UploadOutOfOrder(CommongroundError):
    """Bytes were sent for another place of an upload than its end. ``size``: the bytes that have arrived."""

    status, code = 416, "CG-1310"
    en, zh = "The upload goes on at byte {size}, not {offset}.", "上传应从第 {size} 字节继续，而不是第 {offset} 字节。"
    remedy = "ask for the state of the upload and go on where it ends"
