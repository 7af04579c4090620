"""``python -m bench.table``: writes docs/reference/benchmarks.md from bench/results."""

import json
from pathlib import Path
from typing import Any

from bench.report import RESULTS

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "benchmarks.md"

TARGETS = {
    "xet_upload_ratio": (">= 0.5", "`hf upload` of 1 GB of random bytes, against hf_xet writing to a local directory"),
    "xet_download_ratio": (">= 0.9", "transfer of 4 GB through Xet, against hf_xet reading from a local directory"),
    "hf_download_1gb_ratio": ("", "`hf download` of 1 GB from start to exit, against the same"),
    "plain_get_ratio": (">= 0.8", "GET of a warm 1 GB file, against granian sending the same file with pathsend"),
    "head_resolve_cpu_ms": ("<= 0.6", "server CPU of HEAD resolve"),
    "model_info_cpu_ms": ("<= 1", "server CPU of model_info"),
    "insert_xet_sent_bytes": ("< 1e6", "sent by a fresh client after 110 bytes were inserted into 100 MB, through Xet"),
    "insert_lfs_stored_bytes": ("< 1e6", "new storage for the same edit through git LFS"),
    "tree_first_page_ms": ("< 50", "first tree page of 1,000 folders x 100 files and of a flat folder of 10,000"),
    "commit_in_100k_ms": ("< 100", "one-file commit into these"),
    "commit_p99_during_push_ms": ("< 200", "p99 of small commits while somebody pushes 200,000 git objects"),
    "search_p99_ms": ("< 50", "search, filter and sort over 100,000 repositories, English and Chinese"),
    "ready_s": ("< 2", "`serve` until it is ready"),
    "idle_rss_mb": ("< 150", "memory of an idle server"),
    "big_file_rss_mb": ("< 400", "largest memory while a 5 GB file goes up and comes down"),
    "oci_get_ratio": (">= 0.8", "GET of a warm 1 GB file as an OCI blob, against the hub's own plain GET"),
    "s3_get_ratio": (">= 0.8", "the same as an S3 object"),
    "oras_push_ratio": (">= 0.6", "`oras push` of 1 GB of random bytes, against its upload through LFS"),
    "stored_growth_ratio": (
        "< 0.01",
        "growth of all that is kept while every protocol serves a 200 MB model, share of its size",
    ),
    "planner_own_mape": ("<= 10", "error on two workers of the parameter server after a calibration and runs of one"),
    "planner_vtrain_cv_mape": (
        "<= 9",
        "error of the planner on vTrain's 109 runs of 64 to 512 GPUs, cross-validated; five shuffles",
    ),
    "planner_pollux_mape": ("<= 11", "error on 6 to 16 nodes after 1 to 4, mean of the six models of Pollux"),
    "planner_tf_inside_bounds": ("1", "share of TensorFlow's parameter-server table between the planner's two bounds"),
    "kill_lost": ("0", "acknowledged commits lost, and fsck problems, after 200 x kill -9"),
}


def page(results: list[dict[str, Any]]) -> str:
    """The whole page in Markdown."""
    head = (
        "# Benchmarks\n\n`make bench` measures; `python -m bench.table` writes this page. A value is the median of its runs; a ratio "
        "compares two sides taken in turn in one run, so that it holds on a busy machine.\n"
    )
    parts = [head]
    for result in results:
        machine = result["machine"]
        parts.append(
            f"## {result['area'].title()}\n\n{result['date'][:10]}, {machine['cores']} cores, {machine['memory_gb']} GB.\n\n"
            "| what | figure | aim | runs, and what it is made of |\n|---|---|---|---|\n"
            + "\n".join(map(_line, result["rows"]))
            + "\n"
        )
    return "\n".join(parts)


def _line(row: dict[str, Any]) -> str:
    aim, text = TARGETS.get(row["name"], ("", ""))
    details = ", ".join(f"{run:g}" for run in row["runs"])
    details += "".join(f"; {name} {value:g}" for name, value in row["peers"].items())
    return f"| `{row['name']}` {text} | **{row['value']:g}** {row['unit']} | {aim} | {details} |"


def main() -> None:
    """Write the page."""
    results = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))]
    PAGE.write_text(page(results), encoding="utf-8")


if __name__ == "__main__":
    main()
