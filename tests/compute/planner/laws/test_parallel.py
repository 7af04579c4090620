import numpy as np
import pytest

from commonground.compute.planner.laws.parallel import Layout, ParallelLaw

NAMES = ("hidden", "heads", "layers", "sequence", "tensor", "data", "pipeline", "global_batch", "micro_batch")


def layout(**changes: float) -> Layout:
    base = dict(zip(NAMES, (1024, 16, 24, 1024, 1, 1, 1, 64, 4), strict=True)) | changes
    return Layout(**{name: np.array([float(value)]) for name, value in base.items()})


def test_the_bubble_of_a_pipeline_is_one_round_less_than_its_stages() -> None:
    assert layout().rounds() == 16
    assert layout(pipeline=4).rounds() == 19
    assert layout(data=4).rounds() == 4


def test_what_is_not_split_is_not_sent() -> None:
    terms = layout().terms()[0]
    assert terms[4] == terms[5] == terms[6] == 0
    assert (layout(tensor=2, data=2).terms()[0][4:7] > 0).all()


def test_a_matrix_product_takes_eight_operations_a_weight_and_token() -> None:
    """Forward, recomputed, and twice backward: 8 x 12 h^2 a layer, plus the share of attention."""
    assert layout(sequence=1024).terms()[0][0] == pytest.approx(64 * 1024 * 24 * 96 * 1024**2 * (1 + 1 / 6))


def test_a_law_predicts_what_it_was_fitted_to() -> None:
    grid = [
        layout(tensor=t, data=d, pipeline=p, micro_batch=m)
        for t in (1, 2, 4)
        for d in (1, 2)
        for p in (1, 2)
        for m in (1, 2, 4)
    ]
    rows = Layout(**{name: np.concatenate([getattr(one, name) for one in grid]) for name in NAMES})
    law = ParallelLaw(np.array([1e-14, 1e-4, 1e-11, 1e-11, 1e-11, 1e-4, 1e-11, 1e-14, 0.01]))
    assert ParallelLaw.fit(rows, law.predict(rows)).predict(rows) == pytest.approx(law.predict(rows), rel=1e-3)
