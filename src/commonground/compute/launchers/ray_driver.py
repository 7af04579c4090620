"""Holds the places of one job on a Ray cluster: ``python -I ray_driver.py``, in an environment that has Ray, and nothing
of this package. Standard input brings one line of JSON and, when it ends, the end of the job. Standard output says which
processes are gone: ``{"number": 0, "reason": "..."}``.
"""

import json
import os
import subprocess
import sys
import threading
from typing import Any

import ray
from ray.util.placement_group import placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

POLL_SECONDS = 0.5


class Holder:
    """The actor of one process: it holds the agent, which ends when the actor does (its standard input ends then)."""

    def run(self, command: list[str]) -> int:
        """Run the agent; its exit code."""
        here = {"CG_TIED": "1", "CG_ADDRESS": ray.util.get_node_ip_address()}
        agent = subprocess.Popen([sys.executable, *command[1:]], env=here, stdin=subprocess.PIPE)  # noqa: S603
        return agent.wait()


def main() -> None:
    """Reserve, start, report."""
    asked = json.loads(sys.stdin.readline())
    threading.Thread(target=_leave_at_end, daemon=True).start()
    ray.init(address=asked["address"], log_to_driver=False, logging_level="error")
    group = placement_group(asked["bundles"], strategy="PACK", name=asked["name"])
    ray.get(group.ready())
    _watch({_start(asked, group, number): number for number in range(len(asked["commands"]))})


def _start(asked: dict[str, Any], group: Any, number: int) -> Any:
    bundle = asked["bundles"][number]
    place = PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=number)
    holder = ray.remote(Holder).options(
        num_cpus=bundle.get("CPU", 0), num_gpus=bundle.get("GPU", 0), memory=bundle.get("memory"),
        max_restarts=0, scheduling_strategy=place,
    )  # fmt: skip
    return holder.remote().run.remote(asked["commands"][number])


def _watch(running: dict[Any, int]) -> None:
    while running:
        ended, _ = ray.wait(list(running), num_returns=1, timeout=POLL_SECONDS)
        for reference in ended:
            number = running.pop(reference)
            try:
                reason = f"its agent ended with exit code {ray.get(reference)}"
            except ray.exceptions.RayError as error:
                reason = " ".join(str(error).split())[:300]
            print(json.dumps({"number": number, "reason": reason}), flush=True)  # noqa: T201
    threading.Event().wait()  # the actors' names and places stay until the worker has seen how all ended


def _leave_at_end() -> None:
    sys.stdin.read()
    ray.shutdown()
    os._exit(0)


if __name__ == "__main__":
    main()
