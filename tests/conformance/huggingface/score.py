"""Counts what passed: ``score.py result.xml VERSION known.txt``. Exits 0 if only known tests failed, and all of them."""

import sys
import xml.etree.ElementTree as ET
from pathlib import Path


def main(result: str, version: str, known: str) -> int:
    """Print the score and what is unexpected."""
    suite = ET.parse(result).getroot().find("testsuite")
    if suite is None:
        return 1
    outcomes = {_identity(case): not len(case) for case in suite.iter("testcase")}
    expected = {line.split("#")[0].strip() for line in Path(known).read_text().splitlines()} - {""}
    failed = {identity for identity, passed in outcomes.items() if not passed}
    for identity in sorted(failed - expected):
        print(f"unexpected failure: {identity}")
    for identity in sorted(expected & set(outcomes) - failed):
        print(f"passes now, take it off the list: {identity}")
    print(f"{len(outcomes) - len(failed)} of {len(outcomes)} at huggingface_hub {version}")
    return int(not outcomes or failed != expected & set(outcomes))


def _identity(case: ET.Element) -> str:
    parts = case.get("classname", "").split(".")
    module = next(index for index, part in enumerate(parts) if part.startswith("test_"))
    return "::".join(["/".join(parts[: module + 1]) + ".py", *parts[module + 1 :], case.get("name", "")])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
