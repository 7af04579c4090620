"""The protocols a server speaks: the built-in ones, and what installed packages bring."""

from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from operator import attrgetter

from commonground.errors import InvalidSetting
from commonground.http.gateway import Gateway, GatewayKind
from commonground.services import Services

GROUP = "commonground.gateways"
"""The entry point group of other packages' gateways: ``name = "package.module:Class"``."""

BUILT_IN = {
    "huggingface": "commonground.gateways.huggingface.gateway:HuggingFaceGateway",
    "git": "commonground.gateways.git.gateway:GitGateway",
    "xet": "commonground.gateways.xet.gateway:XetGateway",
    "lfs": "commonground.gateways.lfs.gateway:LfsGateway",
    "native": "commonground.gateways.native.gateway:NativeGateway",
    "s3": "commonground.gateways.s3.gateway:S3Gateway",
    "modelscope": "commonground.gateways.modelscope.gateway:ModelScopeGateway",
    "torch_hub": "commonground.gateways.torch_hub.gateway:TorchHubGateway",
    "fairseq2": "commonground.gateways.fairseq2.gateway:Fairseq2Gateway",
    "ollama": "commonground.gateways.ollama.gateway:OllamaGateway",
    "oci": "commonground.gateways.oci.gateway:OciGateway",
    "mcp": "commonground.gateways.mcp.gateway:McpGateway",
    "croissant": "commonground.gateways.croissant.gateway:CroissantGateway",
    "kaggle": "commonground.gateways.kaggle.gateway:KaggleGateway",
    "mlflow": "commonground.gateways.mlflow.gateway:MlflowGateway",
    "archive": "commonground.gateways.archive.gateway:ArchiveGateway",
    "tensorflow_hub": "commonground.gateways.tensorflow_hub.gateway:TensorFlowHubGateway",
}
"""Where they are, by name, in the order in which their snippets are shown."""


def open_gateways(services: Services) -> dict[str, Gateway]:
    """Every gateway that the settings do not switch off, by name.

    :class:`InvalidSetting` for a name to switch off that is none, and for an installed gateway that cannot be loaded.
    """
    off = set(services.settings.gateways_off)
    found = dict(_found())
    if unknown := off - found.keys():
        raise InvalidSetting(name="gateways_off", reason=f"there is no gateway {', '.join(sorted(unknown))}")
    return {name: _load(name, place)(services) for name, place in found.items() if name not in off}


def _found() -> Iterator[tuple[str, str]]:
    yield from BUILT_IN.items()
    others: list[EntryPoint] = sorted(entry_points(group=GROUP), key=attrgetter("name"))
    yield from ((other.name, other.value) for other in others if other.name not in BUILT_IN)


def _load(name: str, place: str) -> GatewayKind:
    module, _, kind = place.partition(":")
    try:
        loaded: GatewayKind = getattr(import_module(module), kind)
    except (ImportError, AttributeError) as error:
        raise InvalidSetting(name=f"gateway {name}", reason=f"{place} cannot be loaded: {error}") from error
    return loaded
