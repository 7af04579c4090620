"""From the licence words of cards to the identifiers of SPDX, where there is one that means the same."""

from collections.abc import Mapping
from typing import Any

_IDENTIFIERS = [
    "Apache-2.0",
    "MIT",
    "AFL-3.0",
    "Artistic-2.0",
    "BSL-1.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSD-3-Clause-Clear",
    "C-UDA-1.0",
    "CC0-1.0",
    "CC-BY-2.0",
    "CC-BY-2.5",
    "CC-BY-3.0",
    "CC-BY-4.0",
    "CC-BY-SA-3.0",
    "CC-BY-SA-4.0",
    "CC-BY-NC-2.0",
    "CC-BY-NC-3.0",
    "CC-BY-NC-4.0",
    "CC-BY-ND-4.0",
    "CC-BY-NC-ND-3.0",
    "CC-BY-NC-ND-4.0",
    "CC-BY-NC-SA-2.0",
    "CC-BY-NC-SA-3.0",
    "CC-BY-NC-SA-4.0",
    "CDLA-Sharing-1.0",
    "CDLA-Permissive-1.0",
    "CDLA-Permissive-2.0",
    "WTFPL",
    "ECL-2.0",
    "EPL-1.0",
    "EPL-2.0",
    "etalab-2.0",
    "EUPL-1.1",
    "EUPL-1.2",
    "ISC",
    "LPPL-1.3c",
    "MS-PL",
    "MPL-2.0",
    "ODC-By-1.0",
    "ODbL-1.0",
    "OSL-3.0",
    "PostgreSQL",
    "OFL-1.1",
    "OpenMDW-1.0",
    "NCSA",
    "Unlicense",
    "Zlib",
    "PDDL-1.0",
    "MulanPSL-2.0",
    "LGPLLR",
]
_OTHER = {  # SPDX takes the bare names of the GNU licences for "only"
    "agpl-3.0": "AGPL-3.0-only",
    "gpl-2.0": "GPL-2.0-only",
    "gpl-3.0": "GPL-3.0-only",
    "lgpl-2.1": "LGPL-2.1-only",
    "lgpl-3.0": "LGPL-3.0-only",
    "c-uda": "C-UDA-1.0",
    "odc-by": "ODC-By-1.0",
    "odbl": "ODbL-1.0",
    "pddl": "PDDL-1.0",
    "lgpl-lr": "LGPLLR",
}
_BY_WORD = {identifier.lower(): identifier for identifier in _IDENTIFIERS} | _OTHER


def spdx_identifier(word: str) -> str | None:
    """The SPDX identifier of a card's licence; ``None`` for families (``bsd``), use-based licences and unknown words."""
    return _BY_WORD.get(word.lower())


def licences(card: Mapping[str, Any]) -> list[str]:
    """The licence words of a card's metadata; one called ``other`` goes by its ``license_name``."""
    given = card.get("license")
    words = [word for word in (given if isinstance(given, list) else [given]) if isinstance(word, str) and word]
    name = card.get("license_name")
    return [name if word == "other" and isinstance(name, str) and name else word for word in words]
