"""Errors keep their class when they travel from a server to its caller."""

import pytest

from commonground.errors import BadRequest, CommongroundError, FileToDeleteNotFound, RepositoryNotFound


@pytest.mark.parametrize("kind", [RepositoryNotFound, FileToDeleteNotFound, BadRequest])
def test_a_received_error_has_the_class_of_its_code(kind: type[CommongroundError]) -> None:
    error = CommongroundError.received(kind.code, "what the server said")
    assert type(error) is kind
    assert str(error) == error.message("zh") == "what the server said"


def test_a_code_of_a_newer_server_is_still_an_error() -> None:
    error = CommongroundError.received("CG-9999", "something new")
    assert type(error) is CommongroundError
    assert str(error) == "something new"


def test_a_missing_detail_does_not_hide_the_error() -> None:
    assert str(BadRequest()) == "Bad request: <reason>."
