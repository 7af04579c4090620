"""The kind ``all-reduce``: what each of its workers does."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from commonground.compute.kinds import named
from commonground.training.all_reduce.checkpoint import Checkpoints
from commonground.training.all_reduce.group import Group
from commonground.training.all_reduce.options import Plan, plan_of
from commonground.training.all_reduce.trainer import Trainer
from commonground.training.context import Build, Context
from commonground.training.kinds.living import living
from commonground.training.program import Program


def run(specification: Mapping[str, Any]) -> None:
    """Train the program of the entry; :class:`InvalidSpec` for what cannot be meant."""
    plan, context = plan_of(specification, int(os.environ["CG_SEED"])), Context.of_environment()
    build: Build = named(specification["entry"])
    with living(plan.heartbeat):
        together(plan, context, build(context))


def together(plan: Plan, context: Context, program: Program, before: Callable[[], None] | None = None) -> None:
    """Train ``program`` with the other workers of the run; worker 0 saves what it became, and calls ``before`` while the
    parameters are what the entry made them.
    """
    made_by = [plan.options, plan.optimizer, plan.seed, context.workers]
    checkpoints = Checkpoints(Path(os.environ["CG_CHECKPOINT"]), context.rank, made_by)
    with Group(timeout=plan.timeout) as group:
        if before and context.rank == 0:
            before()
        Trainer(program, group, plan, checkpoints).run()
        if context.rank == 0:
            for folder in context.outputs.values():
                program.save(folder)
