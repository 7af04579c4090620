"""Labels: texts or 0 to n-1, and how many are right."""

from typing import Any

import numpy as np
import pytest

from commonground.errors import UnsuitableData
from commonground.training.fine_tune.labels import Labels
from commonground.training.fine_tune.metrics import accuracy, macro_f1, spearman


def test_texts_are_numbered_in_their_order() -> None:
    labels = Labels(["b", "a", "b"], "label")
    assert [labels.number(value) for value in ("a", "b")] == [0, 1]
    assert labels.configuration()["id2label"] == {0: "a", 1: "b"}


def test_whole_numbers_are_themselves() -> None:
    labels = Labels([0, 2], "label")
    assert (labels.number(2), labels.names) == (2, ["LABEL_0", "LABEL_1", "LABEL_2"])


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([-1, 0], "0 to n-1"),
        ([0, 10_000], "0 to n-1"),
        ([0.5, 1.0], "neither"),
        (["a", 1], "neither"),
        (["a"], "single"),
        ([str(number) for number in range(10_001)], "more than"),
    ],
)
def test_labels_out_of_range_are_refused(values: list[Any], reason: str) -> None:
    with pytest.raises(UnsuitableData, match=reason):
        Labels(values, "label")


def test_metrics() -> None:
    truth, predicted = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    assert accuracy(truth, predicted) == 0.75
    assert macro_f1(truth, predicted) == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert spearman(np.array([1.0, 2, 3, 4]), np.array([2.0, 5, 9, 90])) == pytest.approx(1)
    assert spearman(np.array([1.0, 1, 2]), np.array([1.0, 2, 3])) == pytest.approx(0.8660254)  # scipy.stats.spearmanr
    assert spearman(np.array([1.0, 1]), np.array([1.0, 2])) == 0
