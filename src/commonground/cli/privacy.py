"""``commonground privacy``: what runs take from a data set, and how much they may."""

import cyclopts

from commonground.cli.client import DEFAULTS, Options
from commonground.cli.output import answer, table, time_text
from commonground.errors import InvalidArguments
from commonground.gateways.native.wire_privacy import Ledger

app = cyclopts.App(name="privacy", help="Show and limit what runs may learn of the rows of a data set.")


@app.command
def show(dataset: str, *, options: Options = DEFAULTS) -> None:
    """Show the budget of a data set, what was spent of it, and by which runs.

    Parameters
    ----------
    dataset
        datasets/owner/name or hub://datasets/owner/name.

    """
    with options.hub() as hub:
        answer(hub.get_privacy(dataset), options, _ledger)


@app.command
def budget(
    dataset: str,
    *,
    epsilon: float | None = None,
    delta: float = 1e-5,
    unlimited: bool = False,
    options: Options = DEFAULTS,
) -> None:
    """Limit what all runs on a data set may spend together; runs that are not private are then refused.

    Parameters
    ----------
    dataset
        datasets/owner/name or hub://datasets/owner/name.
    epsilon
        The most they may spend.
    delta
        At which epsilon is computed; well below one over the number of rows.
    unlimited
        Lift the limit.

    """
    if (epsilon is None) != unlimited:
        raise InvalidArguments(reason="Give either --epsilon or --unlimited.", command="commonground privacy budget")
    with options.hub() as hub:
        answer(hub.set_privacy_budget(dataset, epsilon, delta=delta), options, _ledger)


def _ledger(found: Ledger) -> None:
    spent = "no bound" if found.epsilon is None else f"{found.epsilon:.4g}"
    limit = "unlimited" if found.budget is None else f"{found.budget.epsilon:.4g}"
    print(f"budget  {limit}")
    print(f"spent   {spent} at delta {found.delta:.3g} ({found.accountant}; holds for Poisson sampling)")
    columns = ("Run", "State", "Noise", "Sampling rate", "Steps", "Since")
    rows = [
        (str(e.run_id), e.state, f"{e.noise:.4g}", f"{e.sampling_rate:.4g}", str(e.steps), time_text(e.created_at))
        for e in found.entries
    ]
    if rows:
        table(columns, rows)
