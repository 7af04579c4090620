"""Repositories, revisions, commits and pushes."""

from commonground.errors.base import CommongroundError


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


class PushRejected(CommongroundError):
    """A git push breaks a rule; the reason is shown by git."""

    status, code = 400, "CG-1401"
    en, zh = "Push rejected: {reason}", "推送被拒绝：{reason}"
    remedy = "change the commit as the message says, then push again"
