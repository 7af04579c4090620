"""Seconds of measuring: memory, arithmetic, codecs and the loopback link of this machine."""

import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

import commonground
from commonground.compute.planner import machine
from commonground.compute.planner.fit import relative
from commonground.compute.planner.loopback import measure_loopback
from commonground.compute.planner.model import Codec, Exchange, Profile, Rate, Transport

Progress = Callable[[str], None]
Exchanges = Callable[[], dict[Transport, Exchange]]
"""Measures push and pull through the parameter server, which this room does not know."""
Vector = NDArray[np.float32]

ELEMENTS = 2**24
"""Of the vectors that are copied and applied: 64 MiB each, more than most caches hold."""
CHUNK = 2**16
"""Elements applied at once: 256 KiB, which a core keeps in its cache."""
THREADS = 16
"""At most as many share memory in the measurement; more do not read faster."""
SIDES = (64, 192, 512, 1024)
"""Of the square matrices that are multiplied."""
SECONDS = 0.3
"""A measure takes about this long, and at least three rounds."""


def calibrate(progress: Progress = lambda _: None, exchanges: Exchanges | None = None) -> Profile:
    """Measure this machine; ``progress`` is told what comes next. Interrupting it leaves nothing behind."""
    progress("memory")
    copy, apply, together = _copy(), _apply(1), _apply(min(machine.cores(), THREADS))
    progress("arithmetic")
    rate = _rate()
    progress("codecs")
    codecs: dict[Codec, float] = {"fp32": copy, "bf16": _bf16(), "int8": _int8(), "top-k": _top_k()}
    progress("loopback")
    loopback = measure_loopback()
    measured: dict[Transport, Exchange] = {}
    if exchanges is not None:
        progress("parameter server")
        measured = exchanges()
    return Profile(
        machine=machine.fingerprint(),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        version=commonground.__version__,
        load=os.getloadavg()[0],
        cores=machine.cores(),
        memory=machine.memory(),
        copy=copy,
        apply=apply,
        apply_together=max(apply, together),
        rate=rate,
        loopback=loopback,
        codecs=codecs,
        exchanges=measured,
    )


def _seconds(work: Callable[[], object]) -> float:
    """Median seconds of ``work``, after a round that touches its memory first."""
    work()
    runs: list[float] = []
    end = time.perf_counter() + SECONDS
    while len(runs) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        work()
        runs.append(time.perf_counter() - start)
    return statistics.median(runs)


def _copy() -> float:
    source, target = np.ones(ELEMENTS, np.float32), np.empty(ELEMENTS, np.float32)
    return source.nbytes / _seconds(lambda: np.copyto(target, source))


def _apply(threads: int) -> float:
    """Bytes/s of all ``threads``; each has its part of one model. NumPy lets go of the interpreter while it computes."""
    weights, gradient = np.ones(ELEMENTS, np.float32), np.ones(ELEMENTS, np.float32)
    size = ELEMENTS // threads
    parts = [(weights[at : at + size], gradient[at : at + size]) for at in range(0, size * threads, size)]
    with ThreadPoolExecutor(threads) as pool:
        seconds = _seconds(lambda: list(pool.map(_descend, parts)))
    return 3 * 4 * size * threads / seconds


def _descend(part: tuple[Vector, Vector]) -> None:
    weights, gradient = part
    scratch, rate = np.empty(CHUNK, np.float32), np.float32(1e-6)
    for start in range(0, len(weights), CHUNK):
        out = weights[start : start + CHUNK]
        np.multiply(gradient[start : start + CHUNK], rate, out=scratch[: len(out)])
        np.subtract(out, scratch[: len(out)], out=out)


def _rate() -> Rate:
    """Seconds of a product are x / R + x0 / R for x operations: the line's two coefficients give R and x0."""
    operations = np.array([2.0 * side**3 for side in SIDES])
    seconds = np.array([_product(side) for side in SIDES])
    slope, start = relative(np.stack([operations, np.ones_like(operations)], axis=1), seconds)
    peak = 1 / slope if slope > 0 else float((operations / seconds).max())
    return Rate(peak=float(peak), half=float(start * peak))


def _product(side: int) -> float:
    left, right = np.ones((side, side), np.float32), np.ones((side, side), np.float32)
    out = np.empty((side, side), np.float32)
    return _seconds(lambda: np.matmul(left, right, out=out))


def _bf16() -> float:
    values = np.ones(ELEMENTS, np.float32)
    bits, out = values.view(np.uint32), np.empty(ELEMENTS, np.uint16)

    def encode() -> None:
        for start in range(0, ELEMENTS, CHUNK):
            out[start : start + CHUNK] = (bits[start : start + CHUNK] + np.uint32(0x8000)) >> np.uint32(16)

    return values.nbytes / _seconds(encode)


def _int8() -> float:
    values, out = np.linspace(-1, 1, ELEMENTS, dtype=np.float32), np.empty(ELEMENTS, np.int8)

    def encode() -> None:
        for start in range(0, ELEMENTS, CHUNK):
            part = values[start : start + CHUNK]
            scale = np.float32(127) / max(np.abs(part).max(), np.float32(1e-30))
            out[start : start + CHUNK] = np.rint(part * scale)

    return values.nbytes / _seconds(encode)


def _top_k() -> float:
    """Of random values: how long a selection takes depends on their order."""
    values = np.random.default_rng(0).standard_normal(ELEMENTS // 8).astype(np.float32)
    kept = CHUNK // 100

    def encode() -> None:
        for start in range(0, len(values), CHUNK):
            part = values[start : start + CHUNK]
            part[np.argpartition(np.abs(part), -kept)[-kept:]].tobytes()

    return values.nbytes / _seconds(encode)
