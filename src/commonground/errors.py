"""The one error tree: every failure a user can meet has a class, an HTTP status, a stable code and text in two languages."""

from collections.abc import Iterator
from typing import Any, ClassVar


class CommongroundError(Exception):
    """Base of every error this project raises on purpose.

    Subclasses set the HTTP ``status``, the stable ``code`` (documented in ``docs/reference/errors.md``) and the text
    templates ``en`` and ``zh``, filled from the keyword arguments of the constructor. ``remedy`` says what to do about it, where the text does not.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "CG-1000"
    en: ClassVar[str] = "Internal error."
    zh: ClassVar[str] = "内部错误。"
    remedy: ClassVar[str] = "look for the request id in the log of the server"

    def __init__(self, **details: Any) -> None:
        self.details = details
        super().__init__(self.message("en"))

    @classmethod
    def received(cls, code: str, text: str) -> "CommongroundError":
        """The error another server answered: the class of its ``code`` with the server's own ``text``."""
        kind = next((kind for kind in cls.tree() if kind.code == code), CommongroundError)
        return kind(text=text)

    def message(self, language: str = "en") -> str:
        """The text shown to the user, in ``"zh"`` or English."""
        if "text" in self.details:
            return str(self.details["text"])
        template = self.zh if language == "zh" else self.en
        return template.format_map(_Details(self.details))

    @classmethod
    def tree(cls) -> Iterator[type["CommongroundError"]]:
        """Every class of the tree below this one, itself included."""
        yield cls
        for child in cls.__subclasses__():
            yield from child.tree()


class _Details(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return f"<{key}>"


# --- requests -------------------------------------------------------------------------------------------------------


class BadRequest(CommongroundError):
    """The request cannot be understood."""

    status, code = 400, "CG-1001"
    en, zh = "Bad request: {reason}.", "请求有误：{reason}。"
    remedy = "change what the message names and send it again"


class RouteNotFound(CommongroundError):
    """No route has this path."""

    status, code = 404, "CG-1002"
    en, zh = "There is nothing at {path}.", "地址 {path} 不存在。"
    remedy = "check the address; `/openapi.json` lists every route"


class MethodNotAllowed(CommongroundError):
    """The path exists, the method does not."""

    status, code = 405, "CG-1003"
    en, zh = "{method} is not allowed here; use {allowed}.", "此处不允许 {method}，请使用 {allowed}。"
    remedy = "use one of the methods the message names"


class PayloadTooLarge(CommongroundError):
    """A body is above its limit."""

    status, code = 413, "CG-1004"
    en, zh = "The request body is larger than the limit of {limit} bytes.", "请求体超过 {limit} 字节的上限。"
    remedy = "send less at once: large files belong to Xet or LFS, many files into several commits"


class RangeNotSatisfiable(CommongroundError):
    """A byte range starts behind the end."""

    status, code = 416, "CG-1005"
    en, zh = "The range starts at or after the end of the {size} bytes.", "请求的范围超出文件末尾（共 {size} 字节）。"
    remedy = "ask for bytes inside the file, or delete the partial download and start again"


class CrossSiteRequest(CommongroundError):
    """A browser sent a state-changing request from another site."""

    status, code = 403, "CG-1007"
    en, zh = "Cross-site requests may not change anything.", "不允许跨站请求修改数据。"
    remedy = "open the page of this server and act there; scripts send a token instead of a cookie"


class NotSupported(CommongroundError):
    """The protocol knows this call, this server does not offer it."""

    status, code = 501, "CG-1008"
    en, zh = "{feature} is not offered by this server.", "本服务器不提供 {feature}。"
    remedy = "see the page of the protocol in the documentation for what is covered"


class TooManyRequests(CommongroundError):
    """A bounded resource is busy; try again."""

    status, code = 429, "CG-1009"
    en, zh = (
        "Too many requests for {resource}; try again in {seconds} s.",
        "{resource} 请求过多，请 {seconds} 秒后重试。",
    )
    remedy = "wait as long as `Retry-After` says, then try again"


class PreconditionFailed(CommongroundError):
    """A conditional request finds something else than it expects."""

    status, code = 412, "CG-1010"
    en, zh = "The condition {condition} does not hold.", "条件 {condition} 不成立。"
    remedy = "look at what is there now, then ask again"


# --- accounts -------------------------------------------------------------------------------------------------------


class Unauthenticated(CommongroundError):
    """A caller without credentials asks for what needs them."""

    status, code = 401, "CG-1101"
    en, zh = "Sign in or send an access token.", "请登录或提供访问令牌。"
    remedy = "run `commonground login`, or set CG_TOKEN"


class InvalidCredentials(CommongroundError):
    """A token or password is wrong, expired or revoked."""

    status, code = 401, "CG-1102"
    en, zh = "Invalid credentials in Authorization header", "Authorization 中的凭据无效"
    remedy = "run `commonground login`, or check CG_TOKEN"


class Forbidden(CommongroundError):
    """The caller is known and may not do this."""

    status, code = 403, "CG-1103"
    en, zh = "You don't have the rights to {action} {resource}.", "你没有权限{action} {resource}。"
    remedy = "ask its owner, or use a token with a wider role"


class AccountNotFound(CommongroundError):
    """No user or organisation has this name."""

    status, code = 404, "CG-1104"
    en, zh = "There is no user or organisation named {name}.", "没有名为 {name} 的用户或组织。"
    remedy = "check the spelling of the name"


class AccountExists(CommongroundError):
    """The name is taken, in any spelling of case."""

    status, code = 409, "CG-1105"
    en, zh = "The name {name} is taken.", "名称 {name} 已被占用。"
    remedy = "choose another name"


class InvalidName(CommongroundError):
    """A user, organisation or repository name breaks the rules."""

    status, code = 400, "CG-1106"
    en, zh = "{name} is not a valid name: {reason}.", "名称 {name} 无效：{reason}。"
    remedy = "choose a name that follows the rule in the message"


class RegistrationClosed(CommongroundError):
    """Registration needs an invitation or is off."""

    status, code = 403, "CG-1107"
    en, zh = "Registration is {state} on this server.", "本服务器的注册状态为：{state}。"
    remedy = "ask an administrator for an account"


class WeakPassword(CommongroundError):
    """A password is below the minimum."""

    status, code = 400, "CG-1108"
    en, zh = "The password needs at least {length} characters.", "密码至少需要 {length} 个字符。"
    remedy = "choose a longer password"


class LinkExpired(CommongroundError):
    """A one-time link was used or has expired."""

    status, code = 410, "CG-1109"
    en, zh = "This link was used already or has expired.", "此链接已使用或已过期。"
    remedy = "ask for a new link; a restart of a server without an administrator prints one"


class TokenNotFound(CommongroundError):
    """The account has no such access token."""

    status, code = 404, "CG-1110"
    en, zh = "There is no such token.", "没有此令牌。"
    remedy = "`commonground tokens list` shows what there is"


class SignatureMismatch(CommongroundError):
    """A signed request does not carry the signature its key gives."""

    status, code = 403, "CG-1111"
    en, zh = "The signature does not fit the request.", "签名与请求不符。"
    remedy = "check the secret key; a proxy must pass path, query and the Host header on as they are"


class SignatureExpired(CommongroundError):
    """A signed request comes too late or too early."""

    status, code = 403, "CG-1112"
    en, zh = "The signature of {signed} does not hold now, at {now}.", "{signed} 的签名在当前时间 {now} 无效。"
    remedy = "set the clock of the machine, or ask for a new address"


# --- hub ------------------------------------------------------------------------------------------------------------


class RepositoryNotFound(CommongroundError):
    """The repository is absent, or private to the caller: both look the same."""

    status, code = 404, "CG-1201"
    en, zh = "Repository not found", "找不到仓库"
    remedy = "check its name and kind; if it is private, run `commonground login` first"


class RepositoryExists(CommongroundError):
    """The id is taken, in any spelling of case. Detail ``url`` names the existing repository."""

    status, code = 409, "CG-1202"
    en, zh = "You already created this {kind} repo: {repository}", "{kind} 仓库 {repository} 已存在"
    remedy = "choose another name"


class RevisionNotFound(CommongroundError):
    """No branch, tag or reachable commit has this name."""

    status, code = 404, "CG-1203"
    en, zh = "Invalid rev id: {revision}", "找不到修订版本：{revision}"
    remedy = "`commonground branches list` and `commonground tags list` show what there is"


class EntryNotFound(CommongroundError):
    """The revision has no such path."""

    status, code = 404, "CG-1204"
    en, zh = "Entry not found: {path}", "找不到文件：{path}"
    remedy = "`commonground files list` shows what there is"


class InvalidPath(CommongroundError):
    """A path inside a repository is unsafe or malformed."""

    status, code = 400, "CG-1205"
    en, zh = "{path} is not a valid path: {reason}.", "路径 {path} 无效：{reason}。"
    remedy = "use a relative path without `..`, `.git` and control characters"


class StaleParent(CommongroundError):
    """The branch moved since the caller read it."""

    status, code = 412, "CG-1206"
    en = "A commit has happened since. The branch was updated since you opened this page. Please refresh and try again."
    zh = "分支已有新的提交，请刷新后重试。"
    remedy = "look at what changed, then try again"


class RefExists(CommongroundError):
    """The branch or tag exists already."""

    status, code = 409, "CG-1207"
    en, zh = "Reference {ref} already exists", "引用 {ref} 已存在"
    remedy = "choose another name, or ask to overwrite it"


class InvalidRef(CommongroundError):
    """A branch or tag name breaks git's rules, or the ref may not be changed this way."""

    status, code = 400, "CG-1208"
    en, zh = "{ref} cannot be used: {reason}.", "引用 {ref} 不可用：{reason}。"
    remedy = "choose a name git accepts, and a ref that may be changed"


class InvalidCommit(CommongroundError):
    """The operations of a commit cannot be applied."""

    status, code = 400, "CG-1209"
    en, zh = "The commit was refused: {reason}.", "提交被拒绝：{reason}。"
    remedy = "change the operation the message names; nothing was written"


class FileToDeleteNotFound(EntryNotFound):
    """A commit deletes a path that does not exist."""

    code = "CG-1210"
    en, zh = "A file with this name doesn't exist: {path}", "没有该名称的文件：{path}"


class ContentMissing(CommongroundError):
    """A commit or push names content by hash that the caller has not uploaded and may not read."""

    status, code = 400, "CG-1212"
    en, zh = "The content {oid} of {path} is missing: upload it first.", "{path} 的内容 {oid} 缺失：请先上传。"
    remedy = "upload the content, then commit or push again (`git lfs push --all` for git)"


class RepositoryDisabled(CommongroundError):
    """Access to the repository was blocked by an administrator."""

    status, code = 403, "CG-1213"
    en, zh = "Access to this resource is disabled.", "对该资源的访问已被禁用。"
    remedy = "ask an administrator of this server"


class ObjectConflict(CommongroundError):
    """Another body was sent for a git object id that is known."""

    status, code = 409, "CG-1214"
    en, zh = "Object {oid} exists with another body.", "对象 {oid} 已存在且内容不同。"
    remedy = "do not push it: the repository may be damaged or forged, `git fsck` tells"


class RepositoryMoved(CommongroundError):
    """The repository has a new id: detail ``repository`` ("owner/name"). Gateways answer with a redirect."""

    status, code = 307, "CG-1215"
    en, zh = "The repository moved to {repository}.", "仓库已移至 {repository}。"
    remedy = "use the new name"


class MoveTargetExists(RepositoryExists):
    """A repository is to get an id that another one has."""

    code = "CG-1217"
    en, zh = "A {kind} repository called {repository} already exists", "名为 {repository} 的 {kind} 仓库已存在"


class GatedRepository(CommongroundError):
    """The repository is visible, its files only to those who were given access."""

    status, code = 403, "CG-1216"
    en = "Access to {repository} is restricted: ask for access on its page."
    zh = "{repository} 的访问受限：请先在其页面申请访问权限。"
    remedy = "ask for access on its page, then sign in"


class ArchiveTooLarge(CommongroundError):
    """A folder has more files, or longer names, than one archive may have."""

    status, code = 422, "CG-1221"
    en = "The folder has more than {limit} files, or names too long for one archive."
    zh = "该文件夹的文件超过 {limit} 个，或名称过长，无法打包为一个归档。"
    remedy = "ask for archives of its folders with `?path=`, or clone the repository"


class NotSavedModel(CommongroundError):
    """TensorFlow Hub asks for a folder that is no SavedModel."""

    status, code = 404, "CG-1220"
    en = "There is no saved_model.pb in {folder}: name the folder that holds one, as in /tree/main/folder."
    zh = "{folder} 中没有 saved_model.pb：请指定包含它的文件夹，例如 /tree/main/folder。"
    remedy = "use the address of the page of the folder that holds saved_model.pb"


class RepositoryNotEmpty(CommongroundError):
    """A repository is to be removed through a protocol that removes only empty ones."""

    status, code = 409, "CG-1219"
    en, zh = "{repository} still has files.", "{repository} 中仍有文件。"
    remedy = "delete its files first, or use `commonground repositories delete`"


# --- store ----------------------------------------------------------------------------------------------------------


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


# --- git ------------------------------------------------------------------------------------------------------------


class PushRejected(CommongroundError):
    """A git push breaks a rule; the reason is shown by git."""

    status, code = 400, "CG-1401"
    en, zh = "Push rejected: {reason}", "推送被拒绝：{reason}"
    remedy = "change the commit as the message says, then push again"


# --- operation ------------------------------------------------------------------------------------------------------


class InvalidSetting(CommongroundError):
    """A setting cannot be read."""

    status, code = 500, "CG-1501"
    en, zh = "Setting {name}: {reason}.", "设置 {name}：{reason}。"
    remedy = "`commonground config explain` shows each value and where it came from"


class DatabaseUnavailable(CommongroundError):
    """The database does not answer or stays locked."""

    status, code = 503, "CG-1502"
    en, zh = "The database does not answer: {reason}.", "数据库没有响应：{reason}。"
    remedy = "`commonground doctor` looks for the cause"


class DatabaseTooNew(CommongroundError):
    """The database was written by a newer release."""

    status, code = 500, "CG-1503"
    en, zh = (
        "The database has revision {revision}, which this release does not know.",
        "数据库版本 {revision} 不受此版本支持。",
    )
    remedy = "install the release that wrote it, or a newer one"


class TaskLost(CommongroundError):
    """A worker's lease ended and another worker has the task: the late result is refused."""

    status, code = 409, "CG-1505"
    en, zh = "The lease of task {task} has ended.", "任务 {task} 的租约已结束。"
    remedy = "nothing: another worker has the task"


class NotReady(CommongroundError):
    """The server is starting, draining, or a dependency is away."""

    status, code = 503, "CG-1506"
    en, zh = "The server is not ready: {reason}.", "服务器尚未就绪：{reason}。"
    remedy = "wait a moment; `/readyz` tells what is missing"


class ServerUnreachable(CommongroundError):
    """A server that a command or the SDK calls does not answer, or what answers is no Commonground server."""

    status, code = 502, "CG-1507"
    en, zh = "No answer from {endpoint}: {reason}.", "{endpoint} 没有响应：{reason}。"
    remedy = "check --endpoint or CG_ENDPOINT, and that the server runs"


class UnusableFile(CommongroundError):
    """A command cannot read or write a file of the machine it runs on."""

    status, code = 500, "CG-1508"
    en, zh = "{path} cannot be used: {reason}.", "无法使用 {path}：{reason}。"
    remedy = "check the path and its permissions"


class InvalidArguments(CommongroundError):
    """A command was called with words or options it does not know, or without those it needs."""

    status, code = 400, "CG-1509"
    en, zh = "{reason} See {command} --help.", "{reason} 请查看 {command} --help。"
    remedy = ""


class PackageMissing(CommongroundError):
    """A command needs a package that is not installed with the core."""

    status, code = 501, "CG-1510"
    en, zh = (
        "The package {package} is missing: commonground[{extra}] brings it.",
        "缺少软件包 {package}：请安装 commonground[{extra}]。",
    )
    remedy = "install what the message names, with pip"


class InvalidAddress(CommongroundError):
    """A text does not name anything on a hub."""

    status, code = 400, "CG-1218"
    en = "{address} is not an address: {reason}. Write hub://[models|datasets]/owner/name[@revision][/path]."
    zh = "{address} 不是有效地址：{reason}。格式：hub://[models|datasets]/owner/name[@revision][/path]。"
    remedy = ""


# --- descriptions and signatures ------------------------------------------------------------------------------------


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


# --- registries -----------------------------------------------------------------------------------------------------


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


# --- runs -----------------------------------------------------------------------------------------------------------


class RunNotFound(CommongroundError):
    """There is no such run, or the caller may not know of it."""

    status, code = 404, "CG-1801"
    en, zh = "There is no run {run}.", "没有运行 {run}。"
    remedy = "`commonground runs list` shows yours"


class InvalidSpec(CommongroundError):
    """A specification cannot be read, or asks for what cannot be."""

    status, code = 400, "CG-1802"
    en, zh = "The specification does not fit: {reason}.", "规格不符合要求：{reason}。"
    remedy = "change what the message names and submit it again"


class RunLost(CommongroundError):
    """A worker reports on an attempt that is no longer its own: the lease ended, or the run was cancelled."""

    status, code = 409, "CG-1803"
    en, zh = "Run {run} is no longer held by this worker.", "运行 {run} 已不再由此工作进程持有。"
    remedy = "nothing is to be done: what this worker made of it is thrown away"


class RunStateConflict(CommongroundError):
    """A run cannot be cancelled or resumed as it is now."""

    status, code = 409, "CG-1804"
    en, zh = "Run {run} is {state}: {reason}.", "运行 {run} 的状态为 {state}：{reason}。"
    remedy = "look at it with `commonground runs show`"


class KindUnavailable(CommongroundError):
    """Nothing that is installed executes this kind of run, or on this engine."""

    status, code = 400, "CG-1805"
    en, zh = "{what} {name} is not available here; there is {known}.", "此处没有 {what} {name}；可用的有 {known}。"
    remedy = "choose one of those, or install the package that brings it on the server and on its workers"


class RunFailed(CommongroundError):
    """A run that was waited for did not succeed."""

    status, code = 409, "CG-1806"
    en, zh = "Run {run} {state}: {reason}.", "运行 {run} 结束为 {state}：{reason}。"
    remedy = "read its log with `commonground runs logs`; `commonground runs resume` tries again"


class SecretMissing(CommongroundError):
    """A run names a secret that its worker does not hold."""

    status, code = 409, "CG-1807"
    en, zh = "The worker holds no secret {name}.", "工作进程没有名为 {name} 的密钥。"
    remedy = "start the worker with it in the environment variable CG_RUN_SECRET_ and its name in upper case"


class InvalidOutput(CommongroundError):
    """What a run left in an output folder cannot be published."""

    status, code = 409, "CG-1808"
    en, zh = "The output {name} cannot be published: {reason}.", "输出 {name} 无法发布：{reason}。"
    remedy = "let the run write plain files into the folder that $CG_OUTPUT_ and the output's name lead to"


# --- parameter server -----------------------------------------------------------------------------------------------


class InvalidFrame(CommongroundError):
    """A peer sent what is no frame of the parameter server's protocol."""

    status, code = 400, "CG-2101"
    en, zh = "The stream of the parameter server cannot be read: {reason}.", "无法解析参数服务器的数据流：{reason}。"
    remedy = "run servers and workers of the same version, and check that the address is a parameter server's"


class ParameterServerLost(CommongroundError):
    """The other side of a connection to a parameter server is gone, or gave no sign of life in time."""

    status, code = 503, "CG-2102"
    en, zh = "The connection to the parameter server is lost: {reason}.", "与参数服务器的连接已中断：{reason}。"
    remedy = "start the servers again on their folder of snapshots, then the workers; a run with restarts left does so by itself"


class ParameterServerRefused(CommongroundError):
    """A parameter server and a worker do not belong together."""

    status, code = 403, "CG-2103"
    en, zh = "The parameter server does not go on: {reason}.", "参数服务器拒绝继续：{reason}。"
    remedy = "give the worker the address, token and rank of its own run"


class InvalidSnapshot(CommongroundError):
    """A snapshot of a parameter server cannot be continued."""

    status, code = 409, "CG-2104"
    en, zh = "The snapshot {path} cannot be used: {reason}.", "快照 {path} 无法使用：{reason}。"
    remedy = "remove its folder to continue from the one before, or start in an empty folder"


# --- planner --------------------------------------------------------------------------------------------------------


class InvalidProfile(CommongroundError):
    """A machine profile is missing or cannot be read."""

    status, code = 400, "CG-2301"
    en, zh = "The machine profile {path} cannot be used: {reason}.", "机器配置文件 {path} 无法使用：{reason}。"
    remedy = "run `commonground train calibrate`, which takes seconds"


class ForeignProfile(CommongroundError):
    """A machine profile was measured on other hardware than this."""

    status, code = 409, "CG-2302"
    en, zh = (
        "The profile {path} is of machine {machine}; this is {here}.",
        "配置文件 {path} 属于机器 {machine}，本机为 {here}。",
    )
    remedy = "run `commonground train calibrate` on this machine"
