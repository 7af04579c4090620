"""Large trees and large pushes: 1,000 folders x 100 files, 200,000 git objects at once."""

import os
import statistics
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench import memory
from bench.api import Api
from bench.report import Row, row
from bench.server import TOKEN, USER, Server

FOLDERS, FILES, FLAT = 1000, 100, 10_000
ROUNDS = 3


def trees() -> list[Row]:
    """First tree pages and one-file commits in a repository of 100,000 files, a flat folder of 10,000 beside them."""
    with Server() as server:
        api = Api(server)
        repository = f"{USER}/large"
        api.create("large")
        for start in range(0, FOLDERS, 100):
            folders = range(start, start + 100)
            api.commit(repository, {f"d{d:04}/f{f:03}.txt": b"%d %d" % (d, f) for d in folders for f in range(FILES)})
        api.commit(repository, {f"flat/f{f:05}.txt": b"%d" % f for f in range(FLAT)})
        pages = {
            "root": f"/api/models/{repository}/tree/main",
            "recursive": f"/api/models/{repository}/tree/main?recursive=true",
            "folder": f"/api/models/{repository}/tree/main/d0500?expand=true",
            "flat": f"/api/models/{repository}/tree/main/flat",
        }
        number = iter(range(1000))
        works: dict[str, Callable[[], object]] = {
            name: partial(api.call, "GET", path) for name, path in pages.items()
        } | {
            "nested": lambda: api.commit(repository, {"d0500/new.txt": b"%d" % next(number)}),
            "flat_commit": lambda: api.commit(repository, {"flat/new.txt": b"%d" % next(number)}),
        }
        rounds = [{name: _median(work) for name, work in works.items()} for _ in range(ROUNDS)]
    last = rounds[-1]
    return [
        row(
            "tree_first_page_ms",
            [max(times[name] for name in pages) for times in rounds],
            "ms",
            "lower",
            {name: last[name] for name in pages},
        ),
        row(
            "commit_in_100k_ms",
            [max(times["nested"], times["flat_commit"]) for times in rounds],
            "ms",
            "lower",
            {"nested": last["nested"], "flat": last["flat_commit"]},
        ),
    ]


def push() -> list[Row]:
    """p99 of small commits while somebody pushes 200,000 git objects."""
    with Server() as server:
        api = Api(server)
        api.create("busy")
        work = server.root / "work"
        _history(work, 180_000)
        rounds = [_commits_during_push(server, api, work, f"pushed-{turn}") for turn in range(ROUNDS)]
    p99 = [statistics.quantiles(times, n=100)[98] for times in rounds]
    middle = statistics.median(time for times in rounds for time in times)
    return [row("commit_p99_during_push_ms", p99, "ms", "lower", {"median": middle})]


def _commits_during_push(server: Server, api: Api, work: Path, name: str) -> list[float]:
    api.create(name)
    memory.ready()
    pushing = subprocess.Popen(
        ["git", "push", "--force", f"http://{USER}:{TOKEN}@127.0.0.1:{server.port}/{USER}/{name}", "HEAD:main"],
        cwd=work,
        stdout=subprocess.DEVNULL,
        stderr=(server.root / "push.log").open("w"),
    )
    times = []
    while pushing.poll() is None:
        started = time.perf_counter()
        api.commit(f"{USER}/busy", {"file.txt": os.urandom(20)})
        times.append((time.perf_counter() - started) * 1000)
        time.sleep(0.02)
    if pushing.returncode:
        raise RuntimeError((server.root / "push.log").read_text()[-2000:])
    return times


def _history(work: Path, blobs: int) -> None:
    """A repository of ``blobs`` small files in folders of 100, each with one blob of its own: > 200,000 objects in all
    with ten commits that touch all folders.
    """
    subprocess.run(["git", "init", "-q", "-b", "main", work], check=True)
    stream = subprocess.Popen(["git", "fast-import", "--quiet"], cwd=work, stdin=subprocess.PIPE)
    assert stream.stdin is not None
    per_commit = blobs // 10
    for commit in range(10):
        stream.stdin.write(
            b"commit refs/heads/main\ncommitter b <b@b> %d +0000\ndata 1\nx\n" % (1_700_000_000 + commit)
        )
        for index in range(commit * per_commit, (commit + 1) * per_commit):
            path = b"d%04d/f%06d" % (index % 1800, index)
            data = b"content %d\n" % index
            stream.stdin.write(b"M 644 inline %s\ndata %d\n%s\n" % (path, len(data), data))
    stream.stdin.close()
    if stream.wait():
        raise RuntimeError("git fast-import failed")


def _median(work: Callable[[], object], times: int = 15) -> float:
    work()
    runs = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        runs.append((time.perf_counter() - started) * 1000)
    return statistics.median(runs)
