"""``python -m bench.planner_page``: writes the tables of the planner's and DistBelief's pages from the equations and the last run."""

import json
import re
from pathlib import Path
from typing import Any

from bench.report import RESULTS
from commonground.compute.planner.equation import Equation
from commonground.compute.planner.equations import MODULES

PAGES = Path(__file__).parents[1] / "docs" / "explanation"
PAGE = PAGES / "planner.md"

WHAT = {
    "planner_vtrain_cv_mape": (
        "vTrain, 109 runs on 64 to 512 A100, five-fold cross-validation, five shuffles",
        "<= 9 %",
    ),
    "planner_pollux_mape": ("Pollux, 6 models on 6 to 16 nodes by a law that saw 1 to 4", "<= 11 %"),
    "planner_own_mape": (
        "the project's own parameter server, two workers after runs of one, percent off each",
        "<= 10 %",
    ),
    "planner_tf_inside_bounds": ("TensorFlow's parameter-server table, 16 to 64 GPUs from the row of 8", "all inside"),
}


def equations() -> str:
    """One table a module."""
    parts = []
    for module in MODULES:
        found = [value for value in vars(module).values() if isinstance(value, Equation)]
        title = module.__name__.rpartition(".")[2].title()
        rows = "\n".join(f"| {one.name} | `{one.formula}` | {one.unit or '1'} | {one.source} |" for one in found)
        parts.append(f"**{title}**\n\n| name | equation | unit | source |\n|---|---|---|---|\n{rows}\n")
    return "\n".join(parts)


def validation(result: dict[str, Any]) -> str:
    """One row a published set of step times."""
    rows = {row["name"]: row for row in result["rows"]}
    lines = [_line(rows[name], *what) for name, what in WHAT.items() if name in rows]
    head = f"Measured {result['date'][:10]} by `python -m bench compute:planner,planner_own`.\n\n"
    return head + "| published step times | figure | aim | made of |\n|---|---|---|---|\n" + "\n".join(lines) + "\n"


def _line(row: dict[str, Any], text: str, aim: str) -> str:
    value = f"{row['value']:g} %" if row["unit"] == "%" else f"{row['value']:.0%} inside"
    runs = [f"{run:g}" for run in row["runs"]] if len(row["runs"]) > 1 else []
    return f"| {text} | **{value}** | {aim} | {', '.join([*runs, *(f'{n} {v:g}' for n, v in row['peers'].items())])} |"


def speed_up(result: dict[str, Any]) -> str:
    """One row a number of workers."""
    machine, rows = result["machine"], {row["name"]: row for row in result["rows"]}
    lines = [
        f"| {workers} | {one['peers']['gradients_per_second']:.0f} | {one['value']:.2f} | {one['peers']['planner']:.2f} |"
        for workers in (1, 2, 3, 4)
        if (one := rows.get(f"async_speedup_n{workers}"))
    ]
    head = f"Measured {result['date'][:10]} on {machine['cores']} cores by `python -m bench compute:downpour`.\n\n"
    return head + "| workers | gradients/s | speed-up | the planner's |\n|---|---|---|---|\n" + "\n".join(lines) + "\n"


def main() -> None:
    """Replace what stands between the markers."""
    result = json.loads((RESULTS / "compute.json").read_text())
    _write(PAGE, {"equations": equations(), "validation": validation(result)})
    _write(PAGES / "distbelief.md", {"speed-up": speed_up(result)})


def _write(path: Path, texts: dict[str, str]) -> None:
    page = path.read_text(encoding="utf-8")
    for name, text in texts.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        page = re.sub(f"{begin}.*?{end}", lambda _, t=f"{begin}\n{text}{end}": t, page, flags=re.DOTALL)
    path.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
