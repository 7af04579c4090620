"""Settings, the database, tasks, and what commands meet."""

from commonground.errors.base import CommongroundError


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
