"""Flows and what they read."""

from commonground.errors.base import CommongroundError


class InvalidFlow(CommongroundError):
    """A flow cannot be read, or asks for what cannot be."""

    status, code = 400, "CG-1901"
    en, zh = "The flow does not fit: {reason}.", "数据流不符合要求：{reason}。"
    remedy = "change what the message names and run it again"


class SourceFailed(CommongroundError):
    """Something a flow reads is not there or cannot be opened at all; a broken record inside never raises."""

    status, code = 409, "CG-1902"
    en, zh = "{source} cannot be read: {reason}.", "无法读取 {source}：{reason}。"
    remedy = "check that the source exists and may be read by who runs the flow"


class GateFailed(CommongroundError):
    """What a flow made does not meet its gates, so nothing was published."""

    status, code = 409, "CG-1904"
    en, zh = "Nothing was published: {reason}.", "未发布任何内容：{reason}。"
    remedy = "read the report, then change the flow, the source or the gate"


class FlowEngineFailed(CommongroundError):
    """An engine could not be started, or a task failed every time it was tried."""

    status, code = 502, "CG-1905"
    en, zh = "The engine {engine} failed: {reason}.", "引擎 {engine} 失败：{reason}。"
    remedy = "read the log of the run; what was finished is kept and a new start goes on from there"
