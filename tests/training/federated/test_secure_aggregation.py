"""The server learns the sum of those who stayed, whoever left and when, and nothing of anyone else."""

import sys
from collections.abc import Collection
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonground.errors import InvalidContribution, PackageMissing, TooFewClients
from commonground.training.federated.secure_aggregation import Client, Quantisation, Server, shamir, threshold_of
from commonground.training.federated.secure_aggregation.messages import Opened
from commonground.training.federated.secure_aggregation.quantisation import MAX_CLIENTS, Ring

SIZE = 50
NUMBERS = (0, 3, 4, 7, 11)


class Round:
    """A round in which clients leave before a step; ``left`` are those after each of the four."""

    def __init__(self, vectors: dict[int, Ring], threshold: int) -> None:
        self.vectors, self.server = vectors, Server(threshold)
        self.clients = {number: Client(number) for number in vectors}

    def masked(self, before_keys: Collection[int] = (), before_shares: Collection[int] = ()) -> dict[int, Ring]:
        there = [number for number in self.clients if number not in before_keys]
        keys = self.server.keys({number: self.clients[number].advertise() for number in there})
        sharing = [number for number in there if number not in before_shares]
        shares = {number: self.clients[number].share(keys, self.server.threshold) for number in sharing}
        mail = self.server.deliver(shares)
        return {number: self.clients[number].mask(self.vectors[number], mail[number]) for number in mail}

    def opened(self, masked: dict[int, Ring], late: Collection[int] = (), gone: Collection[int] = ()) -> Ring:
        arrived = self.server.add({number: vector for number, vector in masked.items() if number not in late})
        opening = [number for number in arrived if number not in gone]
        return self.server.unmask({number: self.clients[number].open(arrived) for number in opening})


def vectors(*numbers: int) -> dict[int, Ring]:
    random = np.random.default_rng(1)
    return {number: random.integers(0, 2**32, SIZE, np.uint32) for number in numbers}


@settings(deadline=None, max_examples=40)
@given(
    leaves=st.fixed_dictionaries(
        {number: st.sampled_from(["keys", "shares", "vector", "open", "stays"]) for number in NUMBERS}
    )
)
def test_the_sum_is_of_those_whose_vector_arrived_or_the_round_fails(leaves: dict[int, str]) -> None:
    given_vectors, before = (
        vectors(*NUMBERS),
        {step: {n for n, at in leaves.items() if at == step} for step in leaves.values()},
    )
    run = Round(given_vectors, threshold_of(len(NUMBERS)))
    arrived = [number for number, at in leaves.items() if at in {"open", "stays"}]
    try:
        masked = run.masked(before.get("keys", ()), before.get("shares", ()))
        total = run.opened(masked, late=before.get("vector", ()), gone=before.get("open", ()))
    except TooFewClients:
        assert sum(at == "stays" for at in leaves.values()) < run.server.threshold
        return
    assert total.tolist() == sum((given_vectors[number] for number in arrived), np.zeros(SIZE, np.uint32)).tolist()


def test_a_masked_vector_says_nothing_and_differs_each_time() -> None:
    zeros = {number: np.zeros(1000, np.uint32) for number in (0, 1)}
    first, second = Round(zeros, 2).masked()[0], Round(zeros, 2).masked()[0]
    assert not np.array_equal(first, second)
    assert abs(float(first.astype(np.float64).mean()) / 2**31 - 1) < 0.1


def test_a_vector_that_comes_late_stays_hidden_though_its_shared_masks_are_known() -> None:
    run = Round(vectors(0, 1, 2), 2)
    masked = run.masked()
    run.opened(masked, late=[2])
    secret = shamir.combine({n + 1: run.clients[n]._shares[2][shamir.SHARE_BYTES :] for n in (0, 1)})
    bare = masked[2].copy()
    run.server._remove(bare, 2, secret)
    assert not np.array_equal(bare, run.vectors[2])


def test_a_client_opens_once_and_never_both_secrets_of_another() -> None:
    run = Round(vectors(0, 1, 2), 2)
    run.masked()
    opened = run.clients[0].open([0, 1])
    assert (set(opened.seeds), set(opened.keys)) == ({0, 1}, {2})
    with pytest.raises(InvalidContribution, match="asked for twice"):
        run.clients[0].open([0, 1, 2])


def test_a_client_opens_nothing_for_a_sum_of_too_few() -> None:
    run = Round(vectors(0, 1, 2), 2)
    run.masked()
    with pytest.raises(TooFewClients):
        run.clients[0].open([0])


def test_shares_that_were_changed_on_the_way_are_noticed() -> None:
    clients = {number: Client(number) for number in (0, 1)}
    keys = Server(2).keys({number: client.advertise() for number, client in clients.items()})
    sealed = {number: client.share(keys, 2).sealed for number, client in clients.items()}
    with pytest.raises(InvalidContribution, match="client 1"):
        clients[0].mask(np.zeros(3, np.uint32), {1: sealed[1][0][:-1] + bytes([sealed[1][0][-1] ^ 1])})
    with pytest.raises(InvalidContribution, match="not in this round"):
        clients[0].mask(np.zeros(3, np.uint32), {5: sealed[1][0]})


def test_wrong_shares_are_noticed() -> None:
    run = Round(vectors(0, 1, 2), 2)
    masked = run.masked()
    arrived = run.server.add({0: masked[0], 1: masked[1]})
    opened = {number: run.clients[number].open(arrived) for number in arrived}
    false = Opened(opened[0].seeds, {2: bytes(32) + b"\1"})
    with pytest.raises(InvalidContribution, match="client 2"):
        run.server.unmask({0: false, 1: opened[1]})


@settings(deadline=None, max_examples=30)
@given(secret=st.binary(min_size=32, max_size=32), parts=st.integers(1, 9), data=st.data())
def test_any_threshold_of_the_shares_gives_the_secret(secret: bytes, parts: int, data: st.DataObject) -> None:
    threshold = data.draw(st.integers(1, parts))
    shares = shamir.split(secret, range(1, parts + 1), threshold)
    chosen = data.draw(st.permutations(sorted(shares)))[:threshold]
    assert shamir.combine({point: shares[point] for point in chosen}) == secret


def test_one_share_too_few_does_not_give_the_secret() -> None:
    shares = shamir.split(bytes(31) + b"\7", range(1, 6), 3)
    with suppress(ValueError):
        assert shamir.combine({1: shares[1], 2: shares[2]}) != bytes(31) + b"\7"


@settings(deadline=None, max_examples=20)
@given(clients=st.integers(1, 60), seed=st.integers(0, 99))
def test_a_quantised_sum_is_right_to_a_thousandth(clients: int, seed: int) -> None:
    values = np.random.default_rng(seed).uniform(-8, 8, (clients, SIZE)).astype(np.float32)
    quantisation = Quantisation(8.0)
    total = sum((quantisation.encode(row) for row in values), np.zeros(SIZE, np.uint32))
    assert np.abs(quantisation.decode_sum(total, clients) - values.astype(np.float64).sum(axis=0)).max() < 1e-3


def test_as_many_clients_as_fit_do_not_overflow_the_ring() -> None:
    quantisation = Quantisation(1.0)
    total = sum((quantisation.encode(np.ones(1, np.float32)) for _ in range(MAX_CLIENTS)), np.zeros(1, np.uint32))
    assert quantisation.decode_sum(total, MAX_CLIENTS)[0] == pytest.approx(MAX_CLIENTS)


def test_what_is_not_finite_or_too_large_is_cut_off() -> None:
    values = np.array([np.nan, np.inf, -np.inf, 99], np.float32)
    assert Quantisation(2.0).decode_sum(Quantisation(2.0).encode(values), 1) == pytest.approx([0, 2, -2, 2], abs=1e-6)


def test_without_cryptography_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(PackageMissing, match="secure-aggregation"):
        Client(0)
