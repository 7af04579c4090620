"""``commonground train``: measure a machine, predict a training run."""

import sys
from pathlib import Path

import cyclopts
import msgspec

from commonground.cli.output import clean
from commonground.errors import InvalidSpec

app = cyclopts.App(name="train", help="Measure this machine, predict and run training.")

SPEC_LIMIT = 2**20


@app.command
def calibrate(*, output: Path | None = None, json: bool = False) -> None:
    """Measure memory, arithmetic, codecs and the loopback link of this machine; it takes seconds.

    Parameters
    ----------
    output
        Where to write the profile; default: commonground/machine.json in the user's configuration.
    json
        Print the profile as one JSON document.

    """
    from commonground.compute.planner import calibration, profiles

    found = calibration.calibrate(lambda part: print(f"measuring {part}", file=sys.stderr))
    path = output or profiles.default_path()
    profiles.save(found, path)
    if json:
        _print_json(found)
        return
    print(f"copy       {found.copy / 1e9:.2f} GB/s")
    print(f"apply      {found.apply / 1e9:.2f} GB/s")
    print(f"matmul     {found.rate.peak / 1e9:.1f} GFLOP/s")
    print(f"loopback   {found.loopback.bandwidth / 1e9:.2f} GB/s, {found.loopback.latency * 1e6:.1f} us")
    print(f"load       {found.load:.1f} on {found.cores} cores")
    print(f"written to {clean(str(path))}")


@app.command
def plan(
    spec: Path,
    *,
    machine: Path | None = None,
    explain: bool = False,
    json: bool = False,
    curve: Path | None = None,
) -> None:
    """Predict step time, efficiency, utilisation, cost and the price of failures, and recommend a configuration.

    Parameters
    ----------
    spec
        The specification of the run, with a section plan.
    machine
        The profile `train calibrate` wrote; default: the one in the user's configuration.
    explain
        Show every equation with its numbers.
    json
        Print one JSON document, equations included.
    curve
        Write the scaling curve there, as SVG.

    """
    from commonground.compute.planner import profiles, recommend
    from commonground.compute.planner.curve import svg
    from commonground.compute.planner.explain import explained
    from commonground.compute.planner.spec import read_workload

    workload = read_workload(_read(spec))
    found = recommend.plan(profiles.load(machine or profiles.default_path()), workload)
    if curve is not None:
        curve.write_text(svg(found.curve))
    if json:
        _print_json(found)
    else:
        print(explained(found, terms=explain))


def _read(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(SPEC_LIMIT + 1)
    if len(content) > SPEC_LIMIT:
        raise InvalidSpec(reason=f"it is larger than {SPEC_LIMIT} bytes")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise InvalidSpec(reason="it is not UTF-8") from None


def _print_json(value: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
    sys.stdout.buffer.flush()
