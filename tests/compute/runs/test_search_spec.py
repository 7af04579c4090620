"""What a search asks for, and the trials it makes of it."""

from typing import Any

import pytest

from commonground.compute.runs.model import RunQuery
from commonground.compute.runs.search_spec import Value, check_search, parameters_of, search_of, trial_of
from commonground.compute.runs.spec import parse
from commonground.errors import InvalidSpec, KindUnavailable
from tests.compute.runs.house import House

OPTIONS: dict[str, Any] = {
    "space": {
        "lr": {"low": 0.001, "high": 0.1, "log": True},
        "ps.optimizer.name": {"choices": ["sgd", "adam"]},
        "resources.workers": {"low": 1, "high": 4, "integer": True},
    },
    "metric": "loss",
    "template": {"run": "train", "environment": {"A": "b"}, "ps": {"codec": "fp32"}},
}


def document(**options: Any) -> dict[str, Any]:
    return {
        "name": "seek", "kind": "search", "outputs": {"m": "hub://alice/m"}, "options": {**OPTIONS, **options}
    }  # fmt: skip


def test_a_trial_is_the_template_with_the_parameters_in_their_places() -> None:
    spec = parse(document())
    search = search_of(spec)
    given: dict[str, Value] = {"lr": 0.01, "ps.optimizer.name": "adam", "resources.workers": 3}
    trial = parse(trial_of(spec, search, given, 4))
    assert (trial.name, trial.run, trial.outputs) == ("seek-4", "train", {"m": "hub://alice/m"})
    assert (trial.options, trial.ps) == ({"lr": 0.01}, {"codec": "fp32", "optimizer": {"name": "adam"}})
    assert trial.resources.workers == 3
    assert trial.environment == {
        "A": "b", "CG_PARAMETER_LR": "0.01", "CG_PARAMETER_PS_OPTIMIZER_NAME": "adam", "CG_PARAMETER_RESOURCES_WORKERS": "3"
    }  # fmt: skip
    assert parameters_of(trial, search) == given
    assert "optimizer" not in search.template["ps"]


@pytest.mark.parametrize(
    "options",
    [
        {"space": {}},
        {"space": {"lr": {"low": 1}}},
        {"space": {"lr": {"low": 2, "high": 1}}},
        {"space": {"lr": {"low": 0, "high": 1, "log": True}}},
        {"space": {"lr": {"low": 0.5, "high": 1, "integer": True}}},
        {"space": {"lr": {"low": 0, "high": 1, "choices": [1]}}},
        {"space": {"lr": {"choices": []}}},
        {"space": {"environment.A": {"choices": [1]}}},
        {"space": {"a b": {"choices": [1]}}},
        {"space": {"run": {"low": 0, "high": 1, "step": 2}}},
        {"template": {"run": "x", "outputs": {}}},
        {"template": {"run": "x", "name": "x"}},
        {"template": {"kind": "search"}},
        {"template": {"ps": 1, "run": "x"}, "space": {"ps.a": {"choices": [1]}}},
        {"trials": 0},
        {"trials": 1001},
        {"sampler": "guess"},
        {"direction": "up"},
    ],
)
def test_what_cannot_be_searched_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidSpec):
        check_search(parse(document(**options)))


def test_a_search_executes_nothing_itself() -> None:
    with pytest.raises(InvalidSpec):
        check_search(parse({**document(), "run": "x"}))


@pytest.mark.anyio
async def test_what_its_trials_cannot_be_is_said_at_once(idle: House) -> None:
    await idle.repository("m")
    for template, error in (({"runn": "x"}, InvalidSpec), ({"kind": "no-such-kind"}, KindUnavailable)):
        with pytest.raises(error):
            await idle.runs.submit(idle.alice, document(template=template))
    run = await idle.runs.submit(idle.alice, document())
    assert await idle.runs.list(idle.alice, RunQuery(parent=run.id)) == []


@pytest.mark.anyio
async def test_without_the_package_it_says_what_brings_it(home: House) -> None:
    await home.repository("m")
    once = {**document(), "fault": {"max_restarts": 0}}  # another worker may have it
    run = await home.ended(await home.runs.submit(home.alice, once))
    assert (run.state, run.attempt) == ("failed", 1)
    assert run.error is not None
    assert "commonground[search]" in run.error
