"""``commonground torch-home``: models for torch.hub, without GitHub."""

from pathlib import Path

from commonground.cli.client import DEFAULTS, Options
from commonground.cli.output import answer


def torch_home(repository: str, *, directory: Path | None = None, options: Options = DEFAULTS) -> None:
    """Download a repository to where torch.hub.load finds it, so that it asks no server.

    torch.hub runs the code of the repository: download what you trust.

    Parameters
    ----------
    repository
        owner/name[@revision] or hub://models/owner/name[@revision]; it has a hubconf.py.
    directory
        What TORCH_HOME names for torch; default: TORCH_HOME, else torch in the user's cache.

    """
    with options.hub() as hub:
        folder = hub.seed_torch_home(repository, directory)
    answer({"path": str(folder)}, options, lambda _: print(folder))
