"""``commonground train``: measure a machine, predict a training run."""

import sys
from pathlib import Path

import cyclopts
import msgspec

from commonground.cli.output import clean
from commonground.compute.planner.units import TIME, quantity
from commonground.errors import InvalidArguments, InvalidSpec

app = cyclopts.App(name="train", help="Measure this machine, predict and run training.")

app.command("commonground.cli.train_run:run", name="run", help="Submit a run and follow it.")
app.command("commonground.cli.fine_tune:fine_tune", name="fine-tune", help="Train a model of the hub on a data set.")

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
    from commonground.training.calibration import measure_exchanges

    found = calibration.calibrate(lambda part: print(f"measuring {part}", file=sys.stderr), measure_exchanges)
    path = output or profiles.default_path()
    profiles.save(found, path)
    if json:
        _print_json(found)
        return
    print(f"copy       {found.copy / 1e9:.2f} GB/s")
    print(f"apply      {found.apply / 1e9:.2f} GB/s, {found.apply_together / 1e9:.2f} by all processors")
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
    measured: str | None = None,
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
    measured
        What a step of this specification really took here, such as 35ms: shown beside the prediction and learnt.

    """
    from commonground.compute.planner import profiles, recommend
    from commonground.compute.planner.curve import svg
    from commonground.compute.planner.explain import explained
    from commonground.compute.planner.learning import learn
    from commonground.compute.planner.spec import read_workload

    path = machine or profiles.default_path()
    workload, profile = read_workload(_read(spec)), profiles.load(path)
    found = recommend.plan(profile, workload)
    if measured is not None:
        step = _seconds(measured)
        profiles.save(learn(profile, workload, step), path)
        error = found.asked.step / step - 1
        print(f"predicted {found.asked.step:.4g} s, measured {step:.4g} s: {error:+.1%}", file=sys.stderr)
    if curve is not None:
        curve.write_text(svg(found.curve))
    if json:
        _print_json(found)
    else:
        print(explained(found, terms=explain))


def _seconds(text: str) -> float:
    try:
        found = quantity(text, TIME)
    except ValueError as error:
        raise InvalidArguments(reason=f"--measured: {error}.", command="commonground train plan") from None
    if found <= 0:
        raise InvalidArguments(reason="--measured must be above 0.", command="commonground train plan")
    return found


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
