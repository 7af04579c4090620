"""Drives a search: proposes trials, listens to what they report, ends those that are behind, publishes the best.

It is no process of its own and holds no state of its own: it runs inside the worker that claimed it, and everything it
knows it reads from the trials. So a search whose worker is gone goes on where it was on another one.
"""

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from commonground.accounts.service import Accounts
from commonground.compute.runs.model import ENDED, Claim, Outcome, Point, Run
from commonground.compute.runs.publishing import Publishing
from commonground.compute.runs.queue_queries import SIGNAL
from commonground.compute.runs.search_spec import TRIAL, Axis, Value, parameters_of, search_of, trial_of
from commonground.compute.runs.service import Runs
from commonground.compute.runs.trials import POINTS, PRUNED, Trials
from commonground.database.signals import Signals
from commonground.errors import CommongroundError, PackageMissing, RunLost
from commonground.telemetry import logger

if TYPE_CHECKING:
    import optuna

POLL = 1.0
REDUCTION = 3
"""Halving keeps the best of so many."""


class Searches:
    """What searches need of the worker."""

    def __init__(
        self, accounts: Accounts, runs: Runs, trials: Trials, publishing: Publishing, signals: Signals
    ) -> None:
        self.accounts, self.runs, self.trials = accounts, runs, trials
        self.publishing, self.signals = publishing, signals

    async def drive(self, claim: Claim) -> Outcome:
        """Work on a claimed search until it ends; how it did. :class:`RunLost`."""
        try:
            return await _Search(self, claim, await asyncio.to_thread(_Study, claim)).run()
        except RunLost:
            raise
        except CommongroundError as error:
            await self.trials.end(claim)
            return Outcome(error=f"{error.code}: {error}", final=error.status < 500)
        except Exception as error:  # noqa: BLE001 - process edge: a defect is recorded, the worker lives on
            logger().exception("a search failed", run=claim.run.id)
            return Outcome(error=f"{type(error).__name__}: {error}")


class _Search:
    """One search while this worker holds it."""

    def __init__(self, tools: Searches, claim: Claim, study: "_Study") -> None:
        self._tools, self._claim, self._study = tools, claim, study
        self._spec, self._search = claim.run.spec, search_of(claim.run.spec)
        self._seen: dict[int, int] = {}
        """The place of the last value read of each trial that runs."""

    async def run(self) -> Outcome:
        began, tools = time.monotonic(), self._tools
        await self._say(
            f"{self._search.sampler} search for the {self._search.direction[:8]}um of {self._search.metric}\n"
        )
        with tools.signals.listen(SIGNAL) as woken:
            while True:
                woken.clear()
                trials = await tools.trials.all(self._claim)
                await self._attend(trials, woken)
                open_ = sum(not self._study.is_closed(trial.id) for trial in trials)
                if not open_ and len(trials) >= self._search.trials:
                    return await self._finish(trials)
                if time.monotonic() - began > self._spec.fault.timeout:
                    await tools.trials.end(self._claim)
                    return Outcome(error=f"it took longer than its timeout of {self._spec.fault.timeout:g} s")
                if open_ < self._search.parallel and len(trials) < self._search.trials:
                    await self._start(len(trials) + 1)
                else:
                    await _wait(woken, POLL)

    async def _start(self, number: int) -> None:
        parameters = await asyncio.to_thread(self._study.propose, number)
        owner = await self._tools.accounts.of_account(self._claim.run.owner_id)
        document = trial_of(self._spec, self._search, parameters, number)
        await self._tools.trials.spawn(self._claim, owner, document, {TRIAL: str(number)})

    async def _attend(self, trials: list[Run], woken: asyncio.Event) -> None:
        """Take in what is new of every trial."""
        for trial in trials:
            if self._study.is_closed(trial.id):
                continue
            if self._ended_with_search(trial):
                await self._tools.trials.resume(self._claim, trial)
                continue
            self._study.meet(trial)
            points = await self._tools.trials.points(trial, self._search.metric, self._seen.get(trial.id, 0))
            self._seen[trial.id] = points[-1].id if points else self._seen.get(trial.id, 0)
            behind = await asyncio.to_thread(self._study.hear, trial.id, points)
            if len(points) == POINTS:  # there may be more
                woken.set()
            elif trial.state in ENDED:
                self._study.close(trial)
                await self._say(f"trial {trial.labels.get(TRIAL)}: {self._study.told(trial)}\n")
            elif behind:
                await self._tools.trials.prune(self._claim, trial)

    def _ended_with_search(self, trial: Run) -> bool:
        """Whether a trial was ended together with the search, before that was taken up again."""
        began, ended = self._claim.run.started_at or 0, trial.finished_at or 0
        return trial.state == "cancelled" and PRUNED not in trial.labels and ended <= began

    async def _finish(self, trials: list[Run]) -> Outcome:
        best = self._study.best()
        if best is None:
            return Outcome(error=f"no trial succeeded and reported {self._search.metric}", final=True)
        run = next(trial for trial in trials if trial.id == best)
        await self._say(f"best is trial {run.labels.get(TRIAL)} (run {best}): {self._study.told(run)}\n")
        written = await self._tools.publishing.adopt(self._claim, best)
        await self._tools.publishing.release(self._claim, [trial.id for trial in trials])
        return Outcome(exit_code=0, bytes_written=written)

    async def _say(self, text: str) -> None:
        await self._tools.runs.append_log(self._claim, "system", text)


class _Study:
    """The knowledge of a search, in optuna's terms; made anew from the trials by whoever takes it up."""

    def __init__(self, claim: Claim) -> None:
        self._optuna = _optuna()
        self._search, self._seed = search_of(claim.run.spec), claim.run.seed
        self._axes = {name: self._distribution(axis) for name, axis in self._search.space.items()}
        pruners = self._optuna.pruners
        pruner: Any = pruners.NopPruner()
        if self._search.pruner == "halving":
            pruner = pruners.SuccessiveHalvingPruner(reduction_factor=REDUCTION)
        self._study = self._optuna.create_study(direction=self._search.direction, pruner=pruner)
        self._trials: dict[int, optuna.trial.Trial] = {}
        self._last: dict[int, float] = {}
        self._closed: set[int] = set()

    def propose(self, number: int) -> dict[str, Value]:
        """The parameters of a trial: the same for the same seed, number, and knowledge."""
        samplers: dict[str, Callable[..., Any]] = {
            "random": self._optuna.samplers.RandomSampler, "tpe": self._optuna.samplers.TPESampler,
        }  # fmt: skip
        self._study.sampler = samplers[self._search.sampler](seed=(self._seed + number) % 2**32)
        asked = self._study.ask(self._axes)
        self._study.tell(asked, state=self._optuna.trial.TrialState.FAIL)  # the run will be met as a trial of its own
        return dict(asked.params)

    def meet(self, run: Run) -> None:
        """A trial exists."""
        if run.id not in self._trials:
            parameters = parameters_of(run.spec, self._search)
            frozen = self._optuna.trial.create_trial(
                state=self._optuna.trial.TrialState.RUNNING, params=parameters, distributions=self._axes
            )
            self._study.add_trial(frozen)
            number = self._study.get_trials(deepcopy=False)[-1]._trial_id
            self._trials[run.id] = self._optuna.trial.Trial(self._study, number)

    def hear(self, run_id: int, points: list[Point]) -> bool:
        """A trial reported values; whether it is so far behind that it should end."""
        trial, behind = self._trials[run_id], False
        for point in points:
            self._last[run_id] = point.value
            trial.report(point.value, max(0, point.step))
            behind = trial.should_prune() or behind
        return behind

    def is_closed(self, run_id: int) -> bool:
        """Whether everything of a trial is known."""
        return run_id in self._closed

    def close(self, run: Run) -> None:
        """A trial ended."""
        states, value = self._optuna.trial.TrialState, self._last.get(run.id)
        self._closed.add(run.id)
        if run.state == "succeeded" and value is not None:
            self._study.tell(self._trials[run.id], value)
        else:
            state = states.PRUNED if run.state == "cancelled" else states.FAIL
            self._study.tell(self._trials[run.id], state=state)

    def told(self, run: Run) -> str:
        """What is known of a trial, for people."""
        given = ", ".join(f"{name} {value}" for name, value in parameters_of(run.spec, self._search).items())
        value = self._last.get(run.id)
        ended = "ended, being behind" if run.state == "cancelled" else run.state
        return f"{ended}, {self._search.metric} {'unknown' if value is None else f'{value:g}'} with {given}"

    def best(self) -> int | None:
        """The run that succeeded with the best value."""
        done = [
            (trial.value, run) for run, trial in self._complete() if trial.value is not None
        ]  # the older one, where two are as good
        if not done:
            return None
        sign = 1 if self._search.direction == "minimize" else -1
        return min(done, key=lambda pair: (sign * pair[0], pair[1]))[1]

    def _complete(self) -> list[tuple[int, "optuna.trial.FrozenTrial"]]:
        found = {trial._trial_id: trial for trial in self._study.get_trials(deepcopy=False)}
        complete = self._optuna.trial.TrialState.COMPLETE
        pairs = [(run, found[trial._trial_id]) for run, trial in self._trials.items()]
        return [(run, trial) for run, trial in pairs if trial.state == complete]

    def _distribution(self, axis: Axis) -> "optuna.distributions.BaseDistribution":
        kinds = self._optuna.distributions
        if axis.choices is not None:
            return kinds.CategoricalDistribution(axis.choices)
        assert axis.low is not None
        assert axis.high is not None
        if axis.integer:
            return kinds.IntDistribution(int(axis.low), int(axis.high), log=axis.log)
        return kinds.FloatDistribution(axis.low, axis.high, log=axis.log)


def _optuna() -> Any:
    """The library, which takes a second to import; :class:`PackageMissing`."""
    try:
        import optuna
    except ImportError:
        raise PackageMissing(package="optuna", extra="search") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


async def _wait(woken: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(woken.wait(), seconds)
    except TimeoutError:
        return
