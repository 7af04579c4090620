"""The languages of the pages: which one a visitor reads, and the texts in it.

Texts are written in English in templates and modules, marked with ``_``; the catalogues are gettext ``.po`` files.
"""

from collections.abc import Sequence
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = ("en", "zh")
DEFAULT = "en"
NAMES = {"en": "English", "zh": "简体中文"}
TAGS = {"en": "en", "zh": "zh-Hans"}
"""The value of ``<html lang>``."""

_FOLDER = Path(__file__).parent / "translations"


def catalogue_path(locale: str) -> Path:
    """Where the ``.po`` file of a locale is kept."""
    return _FOLDER / locale / "LC_MESSAGES" / "messages.po"


@cache
def translations(locale: str) -> NullTranslations:
    """The texts of a locale, read once; English is its own key."""
    if locale == DEFAULT:
        return NullTranslations()
    with catalogue_path(locale).open("rb") as source:
        catalogue = read_po(source, locale)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def marked(text: str) -> str:
    """``text`` as it is: marks a text of a module for translation where it is shown."""
    return text


def choose(asked: str | None, remembered: str | None, accept_language: str) -> str:
    """The locale of a visitor: what they asked for, else chose before, else what their browser prefers."""
    for locale in (asked, remembered):
        if locale in LOCALES:
            return locale
    return next((found for tag in _by_preference(accept_language) if (found := _supported(tag))), DEFAULT)


def _supported(tag: str) -> str | None:
    primary = tag.partition("-")[0].lower()
    return primary if primary in LOCALES else None


def _by_preference(header: str) -> Sequence[str]:
    """The language tags of an ``Accept-Language``, most wanted first; those with ``q=0`` are left out."""
    weighted = [(_weight(parameters), tag.strip()) for tag, _, parameters in _parts(header)]
    return [tag for weight, tag in sorted(weighted, key=lambda pair: -pair[0]) if weight > 0]


def _parts(header: str) -> list[tuple[str, str, str]]:
    return [part.partition(";") for part in header[:1000].split(",")]


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
