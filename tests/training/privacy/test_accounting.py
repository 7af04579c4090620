"""Which figure is reported, and how much noise a target needs. What needs the extra is in the engine group ``training``."""

import pytest

from commonground.errors import PackageMissing
from commonground.training.privacy import accounting, loss_distribution
from commonground.training.privacy.accounting import guarantee, noise_for
from commonground.training.privacy.model import SampledGaussian
from tests.training.privacy.reference import DELTA, TABLE

RATE, STEPS = 256 / 60_000, 14_062


@pytest.fixture(autouse=True)
def core(monkeypatch: pytest.MonkeyPatch) -> None:
    """The core alone, whatever is installed beside it."""
    monkeypatch.setattr(loss_distribution, "available", lambda: False)


def test_the_core_reports_an_upper_bound_and_says_which() -> None:
    found = guarantee([TABLE[0].mechanism], DELTA)
    assert (found.accountant, found.epsilon) == ("rdp", found.renyi)
    assert found.epsilon == pytest.approx(0.9544, abs=1e-3)


def test_nothing_costs_nothing() -> None:
    assert guarantee([], DELTA).epsilon == 0.0


def test_mechanisms_that_differ_only_in_steps_are_one() -> None:
    parts = [SampledGaussian(1.1, RATE, 4062), SampledGaussian(1.1, RATE, 10_000)]
    assert guarantee(parts, DELTA).epsilon == pytest.approx(
        guarantee([SampledGaussian(1.1, RATE, STEPS)], DELTA).epsilon
    )


def test_different_mechanisms_compose_to_less_than_their_sum() -> None:
    first, second = TABLE[0].mechanism, TABLE[1].mechanism
    both = guarantee([first, second], DELTA).epsilon
    alone = [guarantee([one], DELTA).epsilon for one in (first, second)]
    assert max(alone) < both < sum(alone)


@pytest.mark.parametrize("target", [0.5, 3.0, 20.0])
def test_the_noise_is_enough_and_hardly_more(target: float) -> None:
    noise = noise_for(target, DELTA, RATE, STEPS)
    assert guarantee([SampledGaussian(noise, RATE, STEPS)], DELTA).epsilon <= target
    assert guarantee([SampledGaussian(noise * 0.995, RATE, STEPS)], DELTA).epsilon > target


def test_noise_for_epsilon_3_is_that_of_the_reference() -> None:
    assert noise_for(3.0, DELTA, RATE, STEPS) == pytest.approx(1.016, abs=2e-3)


def test_a_target_that_no_noise_reaches_is_refused() -> None:
    with pytest.raises(ValueError, match="no noise"):
        noise_for(1e-6, DELTA, RATE, STEPS)


@pytest.mark.parametrize("wrong", [0.0, 1.0, -1.0, float("nan")])
def test_delta_is_a_probability(wrong: float) -> None:
    with pytest.raises(ValueError, match="delta"):
        guarantee([TABLE[0].mechanism], wrong)


def test_two_accountants_that_contradict_each_other_stop_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loss_distribution, "epsilon_of", lambda *_: 1.5)
    with pytest.raises(ArithmeticError, match="by loss distributions"):
        guarantee([TABLE[0].mechanism], DELTA, "pld")


def test_the_tighter_accountant_says_which_extra_it_needs() -> None:
    with pytest.raises(PackageMissing, match=r"commonground\[privacy\]"):
        guarantee([TABLE[0].mechanism], DELTA, "pld")


def test_a_figure_that_says_nothing_is_not_computed_tightly() -> None:
    assert guarantee([SampledGaussian(0.2, 0.5, 1000)], DELTA, "pld").accountant == "rdp"
    assert accounting.best_accountant() == "rdp"
