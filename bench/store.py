"""The measures of area ``store``, by name."""

from bench import crash, deduplication, large, requests, search, transfers
from bench.report import Measure

MEASURES: dict[str, Measure] = {
    "upload": transfers.upload,
    "download": transfers.download,
    "plain_get": transfers.plain_get,
    "cpu": requests.cpu,
    "process": requests.process,
    "insert": deduplication.insert,
    "trees": large.trees,
    "search": search.search,
    "push": large.push,
    "big_file": transfers.big_file,
    "kills": crash.kills,
}
