"""Who is calling, and what they may not do."""

from commonground.errors.base import CommongroundError


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
