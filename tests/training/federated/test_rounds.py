"""Rounds: what the server makes of what clients answer, whoever answers."""

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from commonground.errors import InvalidSnapshot, TooFewClients
from commonground.training.federated.checkpoint import Checkpoints
from commonground.training.federated.messages import Answers, Question, Trained
from commonground.training.federated.options import Options, SecureAggregation
from commonground.training.federated.participant import Embedded, Participant, Plan
from commonground.training.federated.partition import Labels
from commonground.training.federated.rounds import Rounds, sampled
from commonground.training.federated.strategy import FedAdagrad, FedAdam, FedAvg, FedProx, Updating
from commonground.training.parameter_server.arrays import Floats
from commonground.training.privacy.plan import Privacy
from tests.training.federated.programs import Mean


class Unreliable(Embedded):
    """Clients some of which never answer; ``times`` says for how many questions."""

    def __init__(self, participant: Participant, gone: Collection[int], times: int = 999) -> None:
        super().__init__(participant)
        self.gone, self.times = gone, times

    def ask(self, questions: Mapping[int, Question], parameters: Floats | None, deadline: float) -> Answers:
        self.times -= 1
        there = {client: each for client, each in questions.items() if self.times < 0 or client not in self.gone}
        return super().ask(there, parameters, deadline)


def rounds(options: Options, *, seed: int = 1, gone: Collection[int] = (), folder: Path | None = None) -> Rounds:
    program, plan = Mean(), Plan(options, seed=seed)
    checkpoints = Checkpoints(folder, options.strategy) if folder else None
    return Rounds(program, plan, Unreliable(Participant(program, plan), gone), checkpoints)


def trained(options: Options, seed: int = 1) -> Floats:
    run = rounds(options, seed=seed)
    run.run()
    return run.program.parameters


def test_one_client_with_all_rows_is_plain_gradient_descent() -> None:
    found = trained(Options(clients=1, rounds=3, epochs=2, batch=99, learning_rate=0.5))
    mean = Mean().data.arrays["x"].mean(axis=0)
    assert found == pytest.approx(mean * (1 - 0.5**6), abs=1e-6)


def test_one_full_batch_of_every_client_is_one_of_all_rows() -> None:
    found = trained(Options(clients=4, rounds=2, batch=99, learning_rate=0.5, partition=Labels(shards=1)))
    assert found == pytest.approx(Mean().data.arrays["x"].mean(axis=0) * 0.75, abs=1e-6)


def test_updates_count_by_their_examples() -> None:
    program = Mean(rows=10)
    plan = Plan(Options(clients=3, learning_rate=1.0, batch=99))
    Rounds(program, plan, Embedded(Participant(program, plan))).step()
    assert program.evaluate()["distance"] < 1e-6, "clients with 4, 3 and 3 rows"


def test_rounds_repeat_bit_for_bit_and_follow_from_the_seed() -> None:
    options = Options(clients=5, rounds=3, epochs=2, batch=3, sample=0.6)
    assert trained(options).tobytes() == trained(options).tobytes() != trained(options, seed=2).tobytes()


def test_who_is_sampled_changes_with_the_round_alone() -> None:
    plan = Plan(Options(clients=20, sample=0.25), seed=4)
    chosen = [sampled(plan, number) for number in range(30)]
    assert chosen == [sampled(plan, number) for number in range(30)]
    assert {len(set(each)) for each in chosen} == {5}
    assert len(set(chosen)) > 20


def test_with_privacy_each_client_is_sampled_by_itself_and_nobody_can_repeat_it() -> None:
    plan = Plan(Options(clients=10, sample=0.1), Privacy(noise=1.0), 1.0, seed=4)
    chosen = [sampled(plan, number) for number in range(800)]
    counts = [len(each) for each in chosen]
    assert (np.mean(counts), np.mean([count == 0 for count in counts])) == pytest.approx((1.0, 0.9**10), abs=0.12)
    assert chosen != [sampled(plan, number) for number in range(800)]


def test_a_straggler_is_left_out_of_the_mean() -> None:
    options = Options(clients=4, learning_rate=1.0, batch=99, partition=Labels(shards=1))
    run = rounds(options, gone=[2])
    result = run.step()
    assert (result.reported, result.lost) == ((0, 1, 3), (2,))
    rows = np.concatenate([run.clients._participant._rows[client] for client in (0, 1, 3)])  # type: ignore[attr-defined]
    assert run.parameters == pytest.approx(Mean().data.arrays["x"][rows].mean(axis=0), abs=1e-6)


def test_a_round_without_its_quorum_is_tried_again_then_fails() -> None:
    options = Options(clients=4, quorum=0.75)
    with pytest.raises(TooFewClients, match="2 clients where at least 3"):
        rounds(options, gone=[0, 2]).step()
    again = rounds(options)
    again.clients = Unreliable(Participant(again.program, again.plan), [0, 2], times=2)
    assert again.step().lost == ()


def test_why_a_client_failed_is_in_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    run = rounds(Options(clients=3))
    run.parameters = np.zeros(5, np.float32)  # not the program's
    with pytest.raises(TooFewClients):
        run.step()
    assert "the parameters are of another program" in "".join(capsys.readouterr())


def test_an_update_that_is_not_finite_is_left_out() -> None:
    class Broken(Embedded):
        def ask(self, questions: Mapping[int, Question], parameters: Floats | None, deadline: float) -> Answers:
            spoilt = np.full(6, np.nan, np.float32)
            return {**super().ask(questions, parameters, deadline), 1: (Trained(10, 0.0), spoilt)}

    run = rounds(Options(clients=3))
    run.clients = Broken(Participant(run.program, run.plan))
    assert run.step().reported == (0, 2)


def test_fedprox_stays_nearer_to_where_it_began() -> None:
    options = Options(clients=2, epochs=20, batch=99, learning_rate=0.2, partition=Labels(shards=1))
    free, held = (
        rounds(replace(options, strategy=strategy)).clients.ask(questions(0), np.zeros(6, np.float32), 9)
        for strategy in (FedAvg(), FedProx(mu=1.0))
    )
    assert free[0][1] is not None
    assert held[0][1] == pytest.approx(free[0][1] / 2, abs=1e-2), "half of |w-m|^2 and half of |w|^2: half way"


def test_fedadagrad_is_the_papers() -> None:
    updating, weights = Updating(FedAdagrad(learning_rate=0.1, tau=0.01), 2), np.zeros(2, np.float32)
    expected, squares = np.zeros(2), np.full(2, 0.01**2)
    for step, difference in enumerate([(1.0, -2.0), (0.5, 0.25)], 1):
        updating.apply(weights, np.asarray(difference, np.float32), step)
        squares += np.square(difference)
        expected += 0.1 * np.asarray(difference) / (np.sqrt(squares) + 0.01)
    assert weights == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("gone", [[], [1], [0, 4]])
def test_under_masks_the_round_is_the_same_to_a_thousandth(gone: list[int]) -> None:
    options = Options(clients=5, epochs=3, batch=4, quorum=0.6)
    secure = replace(options, secure_aggregation=SecureAggregation())
    open_round, masked_round = rounds(options, gone=gone), rounds(secure, gone=gone)
    assert open_round.step().reported == masked_round.step().reported
    assert masked_round.parameters == pytest.approx(open_round.parameters, abs=1e-4)


def test_too_many_dropouts_fail_clearly_under_masks() -> None:
    with pytest.raises(TooFewClients, match="Exchange of keys: 2 clients where at least 3 are needed"):
        rounds(Options(clients=5, secure_aggregation=SecureAggregation()), gone=[0, 1, 2]).step()


@pytest.mark.parametrize("secure", [None, SecureAggregation()])
def test_privacy_bounds_a_client_and_adds_noise(secure: SecureAggregation | None) -> None:
    options = Options(clients=4, learning_rate=1.0, batch=99, partition=Labels(shards=1), secure_aggregation=secure)
    program, privacy = Mean(size=4000), Privacy(clip=0.5, noise=2.0)
    quiet, loud = Plan(options, privacy, 0.0), Plan(options, privacy, 2.0)
    lengths = []
    for plan in (quiet, loud):
        run = Rounds(program, plan, Embedded(Participant(program, plan)))
        program.parameters[:] = 0
        run.parameters[:] = 0
        run.step()
        lengths.append(float(np.linalg.norm(run.parameters)))
    assert lengths[0] <= 0.5 + 1e-3, "the mean of four updates of at most 0.5"
    deviation = 2.0 * 0.5 * np.sqrt(2) / 4
    assert lengths[1] == pytest.approx(np.hypot(deviation * np.sqrt(4000), lengths[0]), rel=0.1), (
        "quorum is 2 of 4: twice the variance"
    )


def test_a_round_nobody_was_sampled_for_adds_noise_as_any_other() -> None:
    program, plan = Mean(size=4000), Plan(Options(clients=2, sample=1e-9), Privacy(noise=1.0), 1.0)
    run = Rounds(program, plan, Embedded(Participant(program, plan)))
    assert run.step().sampled == ()
    assert float(run.parameters.std()) == pytest.approx(1 / 2e-9, rel=0.1)


def test_a_run_that_was_interrupted_ends_with_the_same_bits(tmp_path: Path) -> None:
    options = Options(clients=4, rounds=6, batch=5, strategy=FedAdagrad())
    interrupted = rounds(options, folder=tmp_path)
    for _ in range(4):
        interrupted.step()
    resumed = rounds(options, folder=tmp_path)
    assert resumed.done == 4
    resumed.run()
    assert resumed.parameters.tobytes() == trained(options).tobytes()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_damaged_checkpoint_leaves_the_one_before(tmp_path: Path) -> None:
    run = rounds(Options(clients=4), folder=tmp_path)
    run.step()
    run.step()
    newest = tmp_path / "round-000000002.safetensors"
    newest.write_bytes(newest.read_bytes()[:-3])
    assert rounds(Options(clients=4), folder=tmp_path).done == 1


def test_a_checkpoint_of_another_strategy_is_not_continued(tmp_path: Path) -> None:
    rounds(Options(clients=4), folder=tmp_path).step()
    with pytest.raises(InvalidSnapshot, match="fedavg"):
        rounds(Options(clients=4, strategy=FedAdagrad()), folder=tmp_path)


def questions(*clients: int) -> dict[int, Question]:
    from commonground.training.federated.messages import Train

    return {client: Train(1, len(clients)) for client in clients}


def test_momentum_and_adam_are_the_servers_too() -> None:
    difference, moved = np.array([1.0, -2.0], np.float32), []
    for strategy in (FedAvg(momentum=0.5), FedAdam(learning_rate=0.1)):
        updating, weights = Updating(strategy, 2), np.zeros(2, np.float32)
        updating.apply(weights, difference, 1)
        updating.apply(weights, difference, 2)
        moved.append(weights)
    assert moved[0] == pytest.approx(difference * 2.5)
    assert moved[1] == pytest.approx(np.sign(difference) * 0.2, rel=5e-3)
