import xml.etree.ElementTree as ET

from commonground.compute.planner.curve import bars, svg
from commonground.compute.planner.explain import duration, explained
from commonground.compute.planner.recommend import plan
from tests.compute.planner.machines import PROFILE, workload

FOUND = plan(PROFILE, workload(workers=64, servers=2))


def test_every_equation_used_is_shown_with_its_numbers() -> None:
    text = explained(FOUND, terms=True)
    for term in FOUND.asked.terms:
        assert f"{term.name}: {term.formula}" in text
        assert term.source in text
    assert "model = 4e+07" in text
    assert "Equations" not in explained(FOUND, terms=False)


def test_warnings_are_shown() -> None:
    assert "warning: extrapolating beyond 2x" in explained(FOUND, terms=False)


def test_the_curve_has_a_bar_and_a_dot_for_every_size() -> None:
    lines = bars(FOUND.curve).splitlines()[1:]
    assert [int(line.split()[0]) for line in lines] == [1, 2, 4, 8, 16, 64]
    assert max(line.count("#") for line in lines) == 40
    image = ET.fromstring(svg(FOUND.curve))
    assert len(image.findall("{http://www.w3.org/2000/svg}circle")) == 6


def test_durations_are_for_people() -> None:
    assert [duration(s) for s in (0.00025, 0.0123, 12, 600, 7200)] == ["250 us", "12.3 ms", "12 s", "10 min", "2 h"]
