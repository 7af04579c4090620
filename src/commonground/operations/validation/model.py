"""What a check finds."""

import msgspec

PROBLEMS = 1_000
"""Most problems of a report."""


class Problem(msgspec.Struct, frozen=True):
    """What is wrong, and where: a path such as ``files[3].sha256``; empty for the file as a whole."""

    place: str
    message: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on a file of a ``kind``: valid if there are no problems; warnings are for its author."""

    kind: str
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
