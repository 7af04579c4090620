"""Requests that cannot be answered as they are."""

from commonground.errors.base import CommongroundError


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
