"""Secrets never reach the log, however a process cuts its output."""

from hypothesis import given
from hypothesis import strategies as st

from commonground.compute.runs.output import MASK, Redactor

text = st.text("abx", max_size=30)
secret = st.text("ab", min_size=2, max_size=5)


@given(parts=st.lists(text), secrets=st.lists(secret, max_size=2))
def test_no_secret_survives_any_cut(parts: list[str], secrets: list[str]) -> None:
    redact = Redactor(secrets)
    shown = "".join([*map(redact, parts), redact("", last=True)])
    assert not any(hidden in shown for hidden in secrets)


@given(parts=st.lists(text))
def test_what_is_no_secret_arrives_whole(parts: list[str]) -> None:
    redact = Redactor(["zz"])
    assert "".join([*map(redact, parts), redact("", last=True)]) == "".join(parts)


def test_a_secret_becomes_a_mask_and_an_empty_one_nothing() -> None:
    assert Redactor(["key"])("a key, monkeys", last=True) == f"a {MASK}, mon{MASK}s"
    assert Redactor([""])("text", last=True) == "text"
