"""The folder ``torch.hub`` keeps repositories in, filled from a hub: what is there it loads without a network."""

import os
import tempfile
from pathlib import Path

from commonground.errors import EntryNotFound
from commonground.sdk.address import Address
from commonground.sdk.folders import FolderMethods
from commonground.sdk.repositories import RepositoryMethods

ENTRY_POINTS = "hubconf.py"


class TorchHomeMethods(RepositoryMethods, FolderMethods):
    """Models whose repository has a ``hubconf.py``."""

    def seed_torch_home(
        self,
        repository: str | Address,
        directory: "str | os.PathLike[str] | None" = None,
        *,
        revision: str | None = None,
    ) -> Path:
        """Put a repository where ``torch.hub.load("owner/name:revision")`` finds it, and trust it; the folder made.

        ``directory`` is what ``TORCH_HOME`` names for torch. What is there of the same revision is replaced when all of
        the new is here. Without a revision it is the default branch. :class:`EntryNotFound` without a ``hubconf.py``.
        """
        address = Address.of(repository).at(revision)
        name = address.revision or self.get_repository(address).default_branch
        commit = next(self.list_commits(address, revision=name)).id
        if not any(entry.path == ENTRY_POINTS for entry in self.list_tree(address, revision=commit, path="")):
            raise EntryNotFound(path=ENTRY_POINTS, commit=commit)
        hub = (torch_home() if directory is None else Path(directory)) / "hub"
        hub.mkdir(parents=True, exist_ok=True)
        target = hub / f"{address.owner}_{address.name}_{name.replace('/', '_')}"
        with tempfile.TemporaryDirectory(prefix=".new-", dir=hub) as new:
            self.download_folder(address.at(commit, ""), Path(new, "now"))
            if target.exists():
                target.rename(Path(new, "before"))
            Path(new, "now").rename(target)
        _trust(hub / "trusted_list", f"{address.owner}_{address.name}")
        return target


def torch_home() -> Path:
    """Where torch looks: ``TORCH_HOME``, else ``torch`` in the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get("TORCH_HOME") or Path(cache, "torch")).expanduser()


def _trust(path: Path, name: str) -> None:
    known = path.read_text().splitlines() if path.exists() else []
    if name not in known:
        with path.open("a") as file:
            file.write(f"{name}\n")
