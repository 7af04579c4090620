"""A network that is cut between two hosts, and heals."""

import os
import shutil
import time
from collections.abc import Iterator

import pytest
from bench.link import Link

HEARTBEAT = 1.0


@pytest.fixture
def link() -> Iterator[Link]:
    absent = [command for command in ("ip", "tc") if shutil.which(command) is None]
    assert not absent or os.environ.get("CI") != "true", "install the package iproute2"
    if absent or os.geteuid() != 0:
        pytest.skip("network namespaces need root and the package iproute2")
    with Link("100mbit") as found:
        yield found


def test_training_goes_on_after_the_network_was_cut(link: Link) -> None:
    module = "tests.training.parameter_server.hosts"
    with link.start(0, module, "near", link.address, HEARTBEAT) as near:
        assert near.stdout
        address, token = near.stdout.readline().split()
        with link.start(1, module, "far", address, token) as far:
            assert far.stdout
            lines = iter(far.stdout.readline, "")
            norms = [float(line.split()[1]) for line in (next(lines) for _ in range(10)) if line.startswith("norm")]
            link.cut()
            cut = time.monotonic()
            noticed = next(line for line in lines if line.startswith("lost"))
            assert time.monotonic() - cut < 2 * HEARTBEAT + 3
            assert noticed.split() == ["lost", "CG-2102"]
            time.sleep(HEARTBEAT)
            link.heal()
            healed = time.monotonic()
            next(line for line in lines if line.startswith("joined"))
            after = float(next(line for line in lines if line.startswith("norm")).split()[1])
            assert time.monotonic() - healed < 10
            assert after < min(norms)  # what was learnt before the cut is not lost
            far.kill()
        near.communicate(timeout=10)
