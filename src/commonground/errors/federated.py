"""Federated rounds."""

from commonground.errors.base import CommongroundError


class TooFewClients(CommongroundError):
    """A round of federated training heard of fewer clients than it needs."""

    status, code = 503, "CG-2501"
    en, zh = (
        "{step}: {there} clients where at least {needed} are needed.",
        "{step}：仅有 {there} 个客户端，至少需要 {needed} 个。",
    )
    remedy = "give the round more time (`deadline`), ask for fewer (`quorum`), or see in the log why clients are lost"


class InvalidContribution(CommongroundError):
    """What a client sent in a federated round cannot be used."""

    status, code = 400, "CG-2502"
    en, zh = (
        "The contribution of client {client} cannot be used: {reason}.",
        "客户端 {client} 的贡献无法使用：{reason}。",
    )
    remedy = "run the same version and the same specification on every side"


class FlowerFailed(CommongroundError):
    """Flower is not there, or its run did not end well."""

    status, code = 503, "CG-2503"
    en, zh = "Flower: {reason}.", "Flower 出错：{reason}。"
    remedy = (
        "install flwr in an environment of its own and name its folder in the setting flower_environment of the worker"
    )
