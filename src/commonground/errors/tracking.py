"""Experiments and what is recorded of runs."""

from commonground.errors.base import CommongroundError


class ExperimentNotFound(CommongroundError):
    """There is no such experiment, or the caller may not know of it."""

    status, code = 404, "CG-2401"
    en, zh = "There is no experiment {experiment}.", "没有实验 {experiment}。"
    remedy = "experiments belong to an account: sign in with the one that made it"


class ExperimentExists(CommongroundError):
    """The account has an experiment of this name, perhaps a deleted one."""

    status, code = 409, "CG-2402"
    en, zh = "There is an experiment named {name} already.", "名为 {name} 的实验已存在。"
    remedy = "choose another name, or restore the experiment if it was deleted"


class ParameterConflict(CommongroundError):
    """A parameter of a run is recorded a second time with another value."""

    status, code = 409, "CG-2403"
    en = "The parameter {key} of run {run} is recorded as {old}; it never changes."
    zh = "运行 {run} 的参数 {key} 已记录为 {old}，不可更改。"
    remedy = "record what changes as a tag or a metric, or start another run"


class LoggedModelNotFound(CommongroundError):
    """There is no such logged model, or the caller may not know of it."""

    status, code = 404, "CG-2404"
    en, zh = "There is no logged model {model}.", "没有已记录的模型 {model}。"
    remedy = "logged models belong to an account: sign in with the one that logged it"


class InvalidRecord(CommongroundError):
    """What is to be recorded of a run is too long, too much, or has no name."""

    status, code = 400, "CG-2405"
    en, zh = "This cannot be recorded: {reason}.", "无法记录：{reason}。"
    remedy = "change what the message names and record it again"


class InvalidFilter(CommongroundError):
    """A search asks for something in a form that cannot be read."""

    status, code = 400, "CG-2406"
    en, zh = "The search cannot be understood: {reason}.", "无法理解搜索条件：{reason}。"
    remedy = "write comparisons like `metrics.loss < 0.5 AND params.lr = '0.1'`"
