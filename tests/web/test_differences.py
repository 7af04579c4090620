"""Hunks tell exactly what changed."""

import time

from hypothesis import given
from hypothesis import strategies as st

from commonground.web.differences import CONTEXT, Line, hunks

_TEXTS = st.lists(st.sampled_from(["a", "b", "c", "", "  d"]), max_size=40).map("\n".join)


def apply(before: str, found: list[list[Line]]) -> list[str]:
    """The lines after the change, made from those before and the hunks."""
    old, made, position = before.splitlines(), [], 0
    for hunk in found:
        start = next((line.before for line in hunk if line.before is not None), None)
        if start is not None:
            made += old[position : start - 1]
            position = start - 1
        for line in hunk:
            if line.mark != "+":
                assert line.before == position + 1
                assert line.text == old[position]
                position += 1
            if line.mark != "-":
                made.append(line.text)
                assert line.after == len(made)
    return made + old[position:]


@given(_TEXTS, _TEXTS)
def test_hunks_lead_from_one_text_to_the_other(before: str, after: str) -> None:
    assert apply(before, hunks(before, after)) == after.splitlines()


@given(_TEXTS)
def test_equal_texts_have_no_hunks(text: str) -> None:
    assert hunks(text, text) == []


def test_far_changes_are_apart_and_have_context() -> None:
    before = [str(number) for number in range(40)]
    after = ["x" if number in {"5", "30"} else number for number in before]
    found = hunks("\n".join(before), "\n".join(after))
    assert [len(hunk) for hunk in found] == [2 * CONTEXT + 2, 2 * CONTEXT + 2]
    assert [line.mark for line in found[0]] == [" ", " ", " ", "-", "+", " ", " ", " "]


def test_large_texts_without_resemblance_are_replaced_at_once() -> None:
    before = "\n".join(f"{number % 97}" for number in range(20_000))
    after = "\n".join(f"{number % 89}x" for number in range(20_000))
    began = time.process_time()
    [hunk] = hunks(before, after)
    assert time.process_time() - began < 2
    assert len(hunk) == 40_000
