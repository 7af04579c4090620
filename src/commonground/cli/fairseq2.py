"""``commonground fairseq2``: models of a hub for fairseq2."""

from pathlib import Path

import cyclopts

from commonground.cli.client import DEFAULTS, Options
from commonground.cli.output import answer

app = cyclopts.App(name="fairseq2", help="Let fairseq2 find the models of a hub.")


@app.command(name="install-cards")
def install_cards(
    *, directory: Path | None = None, owner: str = "", hours: int = 1, options: Options = DEFAULTS
) -> None:
    """Write the asset cards of the models you may read to where fairseq2 looks for cards.

    Parameters
    ----------
    directory
        What FAIRSEQ2_USER_ASSET_DIR names for fairseq2; default: that, else ~/.config/fairseq2/assets.
    owner
        Only models of this account, which may then also stand in for models that fairseq2 knows.
    hours
        How long the addresses of private models shall last, a week (168) at most.

    """
    with options.hub() as hub:
        path = hub.install_fairseq2_cards(directory, owner=owner, seconds=hours * 3600)
    answer({"path": str(path)}, options, lambda _: print(path))
