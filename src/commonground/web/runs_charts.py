"""Line charts of metrics: from thinned series to the coordinates of an SVG, in units of its view box."""

import math
from collections.abc import Mapping, Sequence

import msgspec

from commonground.compute.runs.model import Sample, Series
from commonground.web.formatting import compact

WIDTH, HEIGHT = 360, 190
LEFT, RIGHT, TOP, BOTTOM = 48, 18, 10, 24
LABEL_HEIGHT = 10.0
LARGEST = 1e300
"""Values beyond are drawn as this: the range between two of them is still a number."""


class Tick(msgspec.Struct, frozen=True):
    """A mark on an axis."""

    place: float
    text: str


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """A metric of one run: ``number`` chooses its colour and dashes. ``band`` reaches from the lowest to the highest of
    the values that were drawn as one; empty where there is nothing between.
    """

    number: int
    line: str
    band: str
    end: tuple[float, float]
    label: float
    first: str
    last: str


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """One metric of some runs. ``by_step``: over steps, else over seconds since its first value."""

    key: str
    curves: Sequence[Curve]
    across: Sequence[Tick]
    up: Sequence[Tick]
    by_step: bool


def chart(key: str, series: Mapping[int, Series]) -> Chart:
    """The chart of a metric, with a curve for each number."""
    by_step = any(one.samples[0].step != one.samples[-1].step for one in series.values())
    places = {number: _across(one.samples, by_step=by_step) for number, one in series.items()}
    x = _Axis([place for found in places.values() for place in found], LEFT, WIDTH - RIGHT)
    y = _Axis([bound for one in series.values() for sample in one.samples for bound in (sample.low, sample.high)],
              HEIGHT - BOTTOM, TOP)  # fmt: skip
    curves = [_curve(number, one, list(map(x.place, places[number])), y) for number, one in series.items()]
    return Chart(
        key=key,
        curves=_apart(curves),
        across=[Tick(tick.place, tick.text) for tick in x.ticks(whole=True)],
        up=y.ticks(),
        by_step=by_step,
    )


def number(value: float) -> str:
    """A value of a metric, for people: four significant digits."""
    return f"{value:.4g}"


def _across(samples: Sequence[Sample], *, by_step: bool) -> list[float]:
    if by_step:
        return [float(sample.step) for sample in samples]
    return [max(0.0, (sample.time - samples[0].time) / 1000) for sample in samples]


class _Axis:
    """A range of values laid on a range of coordinates."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        bounded = [min(max(value, -LARGEST), LARGEST) for value in values]
        self._low, self._high = min(bounded), max(bounded)
        if self._high - self._low <= 1e-12 * max(abs(self._high), abs(self._low)):
            margin = abs(self._high) * 0.1 or 1.0
            self._low, self._high = self._low - margin, self._high + margin
        self._start, self._end = start, end

    def place(self, value: float) -> float:
        """The coordinate of a value."""
        part = (min(max(value, self._low), self._high) - self._low) / (self._high - self._low)
        return round(self._start + part * (self._end - self._start), 1)

    def ticks(self, *, whole: bool = False) -> list[Tick]:
        """Two to seven round values inside; ``whole`` numbers only."""
        unit = _round_up((self._high - self._low) / 6)
        unit = max(unit, 1.0) if whole else unit
        first = math.ceil(self._low / unit)
        values = [(first + place) * unit for place in range(8)]
        return [Tick(self.place(value), _mark(value, unit)) for value in values if self._low <= value <= self._high]


def _round_up(value: float) -> float:
    """The next of 1, 2 and 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= value * 0.999)


def _mark(value: float, unit: float) -> str:
    if value >= 10_000 and value < 1e15 and unit >= 1:
        return compact(round(value))
    return number(0.0 if abs(value) < unit * 1e-6 else value)


def _curve(number_: int, series: Series, across: Sequence[float], y: _Axis) -> Curve:
    samples = series.samples
    line = [(place, y.place(sample.value)) for place, sample in zip(across, samples, strict=True)]
    band = [(place, y.place(sample.high)) for place, sample in zip(across, samples, strict=True)]
    band += [(place, y.place(sample.low)) for place, sample in reversed(list(zip(across, samples, strict=True)))]
    return Curve(
        number=number_,
        line=_points(line),
        band=_points(band) if any(sample.low < sample.high for sample in samples) else "",
        end=line[-1],
        label=line[-1][1],
        first=number(samples[0].value),
        last=number(series.last.value),
    )


def _points(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in places)


def _apart(curves: Sequence[Curve]) -> list[Curve]:
    """The curves with the labels at their ends far enough from each other to be read, upwards from the lowest."""
    found: dict[int, Curve] = {}
    limit = float(HEIGHT - BOTTOM)
    for curve in sorted(curves, key=lambda curve: -curve.label):
        label = min(curve.label, limit)
        found[curve.number] = msgspec.structs.replace(curve, label=label)
        limit = label - LABEL_HEIGHT
    return [found[curve.number] for curve in curves]
