"""The reference pages follow from the code: nothing may be undocumented."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from commonground import settings
from commonground.errors import CommongroundError, InvalidAddress, InvalidArguments

DOCS = Path(__file__).parents[2] / "docs"


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATOR = _generator()


@pytest.mark.parametrize("page", sorted(GENERATOR.PAGES))
def test_the_page_is_what_the_code_says(page: str) -> None:
    written = (DOCS / "reference" / page).read_text(encoding="utf-8")
    assert written == GENERATOR.PAGES[page](), f"run: python docs/generate.py (then commit docs/reference/{page})"


def test_every_error_has_a_code_of_its_own_and_both_texts() -> None:
    kinds = list(CommongroundError.tree())
    codes = [kind.code for kind in kinds]
    assert sorted(codes) == sorted(set(codes))
    for kind in kinds:
        assert re.fullmatch(r"CG-\d{4}", kind.code)
        assert kind.__doc__
        assert re.search(r"[\u4e00-\u9fff]", kind.zh), kind
        assert kind.remedy or kind in {InvalidAddress, InvalidArguments}, f"{kind}: what should the reader do?"
        assert not kind.remedy.endswith("."), "a command puts it behind the text and ends the line"
        assert set(re.findall(r"{(\w+)}", kind.en)) == set(re.findall(r"{(\w+)}", kind.zh)), kind


def test_every_setting_is_described() -> None:
    assert all(settings.describe().values())


@pytest.mark.parametrize("page", sorted(DOCS.parent.glob("*.md")) + sorted(DOCS.rglob("*.md")), ids=str)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)", page.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing
