"""Runs, plans and parameter servers."""

from commonground.errors.base import CommongroundError


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


class ReplayDiffers(CommongroundError):
    """Executing a run once more did not make the same bits."""

    status, code = 409, "CG-1820"
    en, zh = "Run {run} is not reproduced: {count} files differ.", "运行 {run} 未能复现：有 {count} 个文件不同。"
    remedy = "take times, host names and unseeded random numbers out of what it writes; the environment that changed is listed"


class ScheduleNotFound(CommongroundError):
    """There is no such schedule, or the caller may not know of it."""

    status, code = 404, "CG-1821"
    en, zh = "There is no schedule {schedule}.", "没有定时计划 {schedule}。"
    remedy = "`commonground schedules list` shows yours"


class InvalidSchedule(CommongroundError):
    """A text says no times."""

    status, code = 400, "CG-1822"
    en, zh = "{cron} is no schedule: {reason}.", "{cron} 不是有效的定时表达式：{reason}。"
    remedy = "write five fields of cron in UTC (0 9 * * 1: Mondays at 9) or @hourly, @daily, @weekly, @monthly, @yearly"


class ScheduleBusy(CommongroundError):
    """A schedule whose runs may not overlap cannot be run now: the last one has not ended."""

    status, code = 409, "CG-1823"
    en, zh = "Run {run} of this schedule has not ended.", "此计划的运行 {run} 尚未结束。"
    remedy = "wait for it or cancel it, or let the schedule's runs overlap"


class JobUnsupported(CommongroundError):
    """A job asks for what this hub does not have."""

    status, code = 400, "CG-1824"
    en, zh = "Jobs here have no {what}.", "此处的作业不支持 {what}。"
    remedy = "leave it out; `docs/reference/protocols/huggingface.md` lists what jobs have"


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


class EngineFailed(CommongroundError):
    """What is to start the processes of a run on other machines or in containers did not."""

    status, code = 503, "CG-1809"
    en, zh = "The engine {engine} did not start the run: {reason}.", "引擎 {engine} 未能启动运行：{reason}。"
    remedy = "`commonground doctor` on the worker says what the engine lacks"
