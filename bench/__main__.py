"""``python -m bench [AREA[:name,name] ...]``: measure, print, write bench/results/AREA.json."""

import sys
import time

from bench import compute, protocols, store
from bench.report import Measure, write

AREAS: dict[str, dict[str, Measure]] = {
    "store": store.MEASURES,
    "protocols": protocols.MEASURES,
    "compute": compute.MEASURES,
}


def main(arguments: list[str]) -> None:
    """Run the areas (all by default), each measure on its own, writing as they end."""
    for argument in arguments or list(AREAS):
        area, _, names = argument.partition(":")
        chosen = AREAS[area]
        for name in names.split(",") if names else chosen:
            started = time.perf_counter()
            rows = chosen[name]()
            path = write(area, rows)
            for row in rows:
                peers = "".join(f"  {peer} {value}" for peer, value in row.peers.items())
                print(
                    f"{row.name:28} {row.value:>10} {row.unit:8} {row.better} is better  runs {row.runs}{peers}",
                    flush=True,
                )
            print(f"  ({name}: {time.perf_counter() - started:.0f} s, {path})", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
