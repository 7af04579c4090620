"""A plan as text."""

from collections.abc import Iterator

from commonground.compute.planner.curve import bars
from commonground.compute.planner.equation import Term
from commonground.compute.planner.model import Plan, Prediction


def explained(plan: Plan, *, terms: bool) -> str:
    """What was asked for beside what is recommended, the curve, the warnings; every equation if ``terms``."""
    parts = [_table(plan.asked, plan.recommended), bars(plan.curve), *map(_warning, _warnings(plan))]
    if terms:
        parts.append("Equations of the configuration asked for")
        parts += [equation_line(term) for term in plan.asked.terms]
    return "\n".join(parts)


def equation_line(term: Term) -> str:
    """One equation with its numbers and its source."""
    numbers = ", ".join(f"{name} = {value:.4g}" for name, value in term.numbers.items())
    unit = f" {term.unit}" if term.unit else ""
    return f"  {term.name}: {term.formula} = {term.value:.4g}{unit}\n    {numbers}\n    {term.source}"


def duration(seconds: float) -> str:
    """Seconds for people: ``12.3 ms``, ``4.5 h``."""
    for limit, factor, unit in ((1e-3, 1e-6, "us"), (1.0, 1e-3, "ms"), (120.0, 1.0, "s"), (7200.0, 60.0, "min")):
        if seconds < limit:
            return f"{seconds / factor:.3g} {unit}"
    return f"{seconds / 3600:.3g} h"


def _warnings(plan: Plan) -> list[str]:
    new = [text for text in plan.recommended.warnings if text not in plan.asked.warnings]
    return [*plan.asked.warnings, *(f"recommended: {text}" for text in new)]


def _warning(text: str) -> str:
    return f"warning: {text}"


def _table(asked: Prediction, best: Prediction) -> str:
    rows = [
        ("", "asked", "recommended"),
        *((n, a, b) for (n, a), (_, b) in zip(_rows(asked), _rows(best), strict=True)),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _rows(found: Prediction) -> Iterator[tuple[str, str]]:
    yield "kind", found.kind
    yield "workers, servers", f"{found.workers}, {found.servers}"
    yield "codec", found.codec
    yield "step", f"{duration(found.step)} ({duration(found.lower)} to {duration(found.upper)})"
    yield "computation", duration(found.computation)
    yield "communication", duration(found.communication)
    yield "idle", duration(found.idle)
    yield "samples/s", f"{found.throughput:.4g}"
    yield "efficiency", f"{found.efficiency:.0%}"
    yield "utilisation", f"processor {found.busy:.0%}, link {found.network:.0%}, server {found.server:.0%}"
    yield "whole run", duration(found.wall)
    yield "cost", f"{found.cost:.4g}"
    yield "checkpoint every", duration(found.checkpoint_interval) if found.checkpoint_interval else "-"
    yield "lost to failures", f"{found.waste:.1%}"
    yield "staleness", f"{found.staleness:g}"
