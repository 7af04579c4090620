"""Pages speak English and Chinese, and nothing is left untranslated."""

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import commonground.web
from commonground.web import i18n

SOURCE = Path(commonground.web.__file__).parent


def catalogue(locale: str) -> Catalog:
    with i18n.catalogue_path(locale).open("rb") as source:
        return read_po(source, locale)


def texts_in_source() -> set[str]:
    """Every marked text of templates and modules (of plurals the singular)."""
    methods = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2), "marked": None}
    options = {"**/templates/**.html": {"trimmed": "true", "silent": "false"}}
    found = extract_from_dir(SOURCE, methods, options, keywords)
    return {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}


@pytest.mark.parametrize("locale", [locale for locale in i18n.LOCALES if locale != i18n.DEFAULT])
def test_the_catalogue_has_every_text_and_no_other(locale: str) -> None:
    known = {
        message.id if isinstance(message.id, str) else message.id[0] for message in catalogue(locale) if message.id
    }
    assert known == texts_in_source()


@pytest.mark.parametrize("locale", [locale for locale in i18n.LOCALES if locale != i18n.DEFAULT])
def test_every_text_is_translated_with_the_same_placeholders(locale: str) -> None:
    for message in catalogue(locale):
        if message.id:
            assert message.string, f"untranslated: {message.id}"
            assert not message.fuzzy
            assert list(message.check()) == []


def test_texts_and_plurals_are_looked_up() -> None:
    chinese = i18n.translations("zh")
    assert chinese.gettext("Models") == "模型"
    assert chinese.ngettext("%(num)s line", "%(num)s lines", 5) % {"num": 5} == "5 行"
    assert i18n.translations("en").gettext("Models") == "Models"


@pytest.mark.parametrize(
    ("asked", "remembered", "header", "locale"),
    [
        ("zh", "en", "en", "zh"),
        (None, "zh", "en", "zh"),
        ("xx", None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (None, None, "en-GB,en;q=0.9,zh;q=0.5", "en"),
        (None, None, "en;q=0.3, zh-Hant;q=0.7", "zh"),
        (None, None, "fr, zh;q=0", "en"),
        (None, None, "", "en"),
        (None, None, "zh;q=x", "en"),
        (None, None, ";;,=,q", "en"),
    ],
)
def test_the_locale_of_a_visitor(asked: str | None, remembered: str | None, header: str, locale: str) -> None:
    assert i18n.choose(asked, remembered, header) == locale
