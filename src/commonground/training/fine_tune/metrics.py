"""How good predictions are."""

from typing import Any

import numpy as np

Numbers = np.ndarray[Any, Any]


def accuracy(truth: Numbers, predicted: Numbers) -> float:
    """Share of the predictions that are right."""
    return float(np.mean(truth == predicted))


def macro_f1(truth: Numbers, predicted: Numbers) -> float:
    """The mean, over the labels that occur, of the harmonic mean of precision and recall."""
    scores = []
    for label in np.union1d(truth, predicted):
        right = np.sum((truth == label) & (predicted == label))
        scores.append(2 * right / (np.sum(truth == label) + np.sum(predicted == label)))
    return float(np.mean(scores))


def spearman(a: Numbers, b: Numbers) -> float:
    """Spearman's rank correlation, ties at their mean rank; 0 where one of the two does not vary."""
    first, second = _ranks(a), _ranks(b)
    if first.std() == 0 or second.std() == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def _ranks(values: Numbers) -> Numbers:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]
