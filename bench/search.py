"""Search, filter and sort over 100,000 repositories, in English and Chinese."""

import random
import statistics
import time
from urllib.parse import urlencode

from tests.hub.search.seed import ADJECTIVES, CHINESE, FAMILIES, seed

from bench.api import Api
from bench.report import Row, row
from bench.server import Server
from commonground.database import Database

REPOSITORIES = 100_000
QUERIES = 400
ROUNDS = 3
SORTS = ("downloads", "likes", "lastModified", "createdAt", "trendingScore")


def search() -> list[Row]:
    """p99 of the list API, one query at a time."""
    empty = Server()
    empty.start()
    empty.stop()
    database = Database(f"sqlite:///{empty.data / 'commonground.sqlite3'}")
    seed(database, REPOSITORIES)
    database.close()
    with empty as server:
        api = Api(server)
        rng = random.Random(7)
        for _ in range(20):
            api.call("GET", f"/api/models?{_query(rng)}")
        rounds = [_round(server, api, rng) for _ in range(ROUNDS)]
    times = [time for times, _ in rounds for time in times]
    runs = [statistics.quantiles(times, n=100)[98] for times, _ in rounds]
    cpu = statistics.mean(cpu for _, cpu in rounds)
    peers = {"median": statistics.median(times), "largest": max(times), "mean_cpu": cpu}
    return [row("search_p99_ms", runs, "ms", "lower", peers)]


def _round(server: Server, api: Api, rng: random.Random) -> tuple[list[float], float]:
    """Milliseconds of each query, and the server's CPU milliseconds for one on average."""
    times, cpu = [], server.cpu_seconds()
    for _ in range(QUERIES):
        path = f"/api/models?{_query(rng)}"
        started = time.perf_counter()
        api.call("GET", path)
        times.append((time.perf_counter() - started) * 1000)
    return times, (server.cpu_seconds() - cpu) * 1000 / QUERIES


def _query(rng: random.Random) -> str:
    """One of: an English or Chinese text, filters, both; sorted by something; a page of 30."""
    query: dict[str, str] = {"limit": "30", "sort": rng.choice(SORTS)}
    kind = rng.randrange(4)
    if kind in {0, 3}:
        query["search"] = f"{rng.choice(FAMILIES)} {rng.choice(ADJECTIVES)}"
    if kind == 1:
        query["search"] = rng.choice(CHINESE)
    if kind in {2, 3}:
        query["filter"] = rng.choice(
            ("license:mit", "license:apache-2.0", "en", "zh", "text-classification", "pytorch")
        )
    return urlencode(query)
