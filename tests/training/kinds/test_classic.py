"""The first example of the literature as real runs: w of shape [10], loss mean(w^2), learning rate 0.1, ten steps."""

import numpy as np
import pytest

from tests.training.kinds.programs import CLASSIC
from tests.training.kinds.school import School

pytestmark = pytest.mark.anyio
START = np.arange(1, 11)
OPTIONS = {"options": {"steps": 10}, "ps": {"lr": 0.1}}


@pytest.mark.parametrize(("workers", "servers"), [(1, 1), (2, 2), (4, 1)])
async def test_the_sum_of_n_gradients_gives_the_closed_form(classes: School, workers: int, servers: int) -> None:
    resources = {"workers": workers, "servers": servers, "cpus": 0.1}
    run = await classes.submit(CLASSIC, kind="ps-sync", resources=resources, **OPTIONS)
    trained = await classes.graduated(run)
    np.testing.assert_allclose(trained["w"], START * (1 - 0.02 * workers) ** 10, rtol=1e-6)
    norm = await classes.metric(run, "norm")
    assert norm[10] == pytest.approx(np.linalg.norm(START) * (1 - 0.02 * workers) ** 10)
    assert (await classes.metric(run, "loss"))[10] == pytest.approx(38.5 * (1 - 0.02 * workers) ** 18)
