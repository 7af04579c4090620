import os
import random
from pathlib import Path

import pytest

from commonground.hub.archives.links import stays_inside


@pytest.mark.parametrize(
    ("path", "target"),
    [("a", "b"), ("a", "./b/c"), ("x/a", "../b"), ("x/y/a", "../../b/c"), ("a", "."), ("x/a", "..")],
)
def test_links_that_stay_inside(path: str, target: str) -> None:
    assert stays_inside(path, target)


@pytest.mark.parametrize(
    ("path", "target"),
    [("a", ""), ("a", "/etc/passwd"), ("a", ".."), ("x/a", "../../b"), ("a", "b/../../c"), ("a", "b/../c"),
     ("a", "C:\\x"), ("a", "..\\x"), ("a", "b\0c")],
)  # fmt: skip
def test_links_that_may_leave(path: str, target: str) -> None:
    assert not stays_inside(path, target)


def test_no_chain_of_such_links_leaves(tmp_path: Path) -> None:
    """Random links below one root, each found harmless: none resolves to a place outside, through whatever others."""
    chance = random.Random(7)
    names = ["a", "b", "d/a", "d/b", "d/e/a", "d/e/b"]
    for trial in range(60):
        root = tmp_path / str(trial) / "root"
        (root / "d" / "e").mkdir(parents=True)
        for name in names:
            target = "/".join(chance.choices(["..", ".", "a", "b", "d", "e"], k=chance.randint(1, 4)))
            if stays_inside(name, target):
                (root / name).symlink_to(target)
        for name in names:
            try:
                resolved = Path(os.path.realpath(root / name, strict=True))
            except OSError:
                continue
            assert resolved == root or root in resolved.parents
