"""What to paste into a PyTorch program."""

from commonground.http.gateway import Snippet, Use

_CHECKPOINTS = (".pth", ".pt", ".safetensors")
_ENTRY_POINTS = "hubconf.py"


def snippets(use: Use) -> list[Snippet]:
    """The weights at the root of a model by their address, and its ``hubconf.py`` through the local proxy."""
    if use.repository.kind != "model":
        return []
    found = [_weights(use, path) for path in sorted(use.paths) if path.endswith(_CHECKPOINTS)][:1]
    return found + ([_entry_points(use)] if _ENTRY_POINTS in use.paths else [])


def _weights(use: Use, path: str) -> Snippet:
    address = f"{use.address}/resolve/{use.repository.default_branch}/{path}"
    code = f'import torch\n\nweights = torch.hub.load_state_dict_from_url("{address}", weights_only=True)\n'
    return Snippet("PyTorch", "python", code)


def _entry_points(use: Use) -> Snippet:
    name = use.repository.full_name
    return Snippet(
        "torch.hub",
        "bash",
        f"commonground torch-home {name} --endpoint {use.origin}\n"
        f"python -c 'import torch; print(torch.hub.list(\"{name}:{use.repository.default_branch}\"))'\n",
    )
