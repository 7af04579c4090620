"""The JSON-LD of a data set: Croissant 1.0, http://mlcommons.org/croissant/1.0."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import msgspec

from commonground.accounts.model import Account
from commonground.gateways.croissant.analysis import Analysis, Table
from commonground.gateways.croissant.columns import Column
from commonground.gateways.croissant.formats import encoding_format
from commonground.hub.repositories.model import Repository
from commonground.operations.licences import licences, spdx_identifier
from commonground.operations.manifest.model import ManifestFile

CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
KEYWORDS = 100
FIELDS = 20_000
"""Most fields of a document: tables of many columns in many files are described as far as this goes."""
_CITATION = re.compile(r"^(?:```|~~~)\w*[ \t]*\r?\n(\s*@\w+\s*\{.{1,20000}?)^(?:```|~~~)", re.MULTILINE | re.DOTALL)
_MEMBER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_PLAIN = frozenset("/-_.~!$&'()*+,;=@")
Json = dict[str, Any]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """For whom a description is written: ``origin`` is the hub's address, ``token`` what opens private files in it."""

    repository: Repository
    owner: Account
    origin: str
    token: str = ""

    @property
    def page(self) -> str:
        """The repository's page."""
        return f"{self.origin}/datasets/{self.repository.full_name}"

    def file(self, commit: str, path: str) -> str:
        """The address of a file of a commit."""
        token = f"?token={quote(self.token, safe='')}" if self.token else ""
        return f"{self.page}/resolve/{commit}/{quote(path)}{token}"


def document(found: Analysis, asked: Asked) -> Json:
    """The description as JSON values."""
    repository, card = asked.repository, found.card
    name = card.get("pretty_name")
    made: Json = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": name if isinstance(name, str) and name.strip() else repository.name,
        "alternateName": [repository.full_name],
        "description": found.description,
        "url": asked.page,
        "identifier": f"{asked.page}/tree/{found.commit}",
        "version": f"1.0.{found.number}",  # three numbers: tfds takes nothing else
        "datePublished": _date(repository.created_at),
        "dateModified": _date(found.date),
        "creator": _creator(asked),
        "license": [_licence(word) for word in licences(card)],
        "keywords": list(found.tags[:KEYWORDS]),
        "inLanguage": _texts(card.get("language")),
        "citeAs": _citation(found.body),
        "distribution": [_file(file, found.commit, asked) for file in found.files],
        "recordSet": list(_record_sets(found)),
    }
    return {key: value for key, value in made.items() if value not in ("", [], None)}


def _creator(asked: Asked) -> Json:
    kind = "sc:Organization" if asked.owner.kind == "organization" else "sc:Person"
    name = asked.owner.full_name or asked.owner.name
    return {"@type": kind, "name": name, "url": f"{asked.origin}/{asked.owner.name}"}


def _licence(word: str) -> str:
    identifier = spdx_identifier(word)
    return f"https://spdx.org/licenses/{identifier}" if identifier else word


def _citation(body: str) -> str:
    """The first BibTeX entry in a code block of the card."""
    match = _CITATION.search(body)
    return match[1].strip() if match else ""


def _file(file: ManifestFile, commit: str, asked: Asked) -> Json:
    return {
        "@type": "cr:FileObject",
        "@id": identifier(file.path),
        "name": file.path,
        "contentUrl": asked.file(commit, file.path),
        "contentSize": f"{file.size} B",
        "encodingFormat": encoding_format(file.path),
        "sha256": file.sha256,
    }


def _record_sets(found: Analysis) -> Iterator[Json]:
    """One for every file of a table: Croissant can put only files of an archive together."""
    taken = {file.path for file in found.files}
    left = FIELDS
    for table in found.tables:
        for name, path in _parts(table, alone=_is_alone(table, found.tables)):
            left -= len(table.columns)
            if left < 0:
                return
            while name in taken:
                name += "-records"
            taken.add(name)
            yield _record_set(name, path, table)


def _is_alone(table: Table, tables: Sequence[Table]) -> bool:
    return sum(other.group.config == table.group.config for other in tables) == 1


def _parts(table: Table, *, alone: bool) -> Iterator[tuple[str, str]]:
    """Names of record sets and the files they read: the configuration, the split unless there is one, a number."""
    name = table.group.config if alone else f"{table.group.config}/{table.group.split}"
    if len(table.group.paths) == 1:
        yield name, table.group.paths[0]
        return
    yield from ((f"{name}/{number:05}", path) for number, path in enumerate(table.group.paths))


def _record_set(name: str, path: str, table: Table) -> Json:
    columns = table.columns
    return {
        "@type": "cr:RecordSet",
        "@id": identifier(name),
        "name": name,
        "description": f"Split {table.group.split} of {table.group.config}: the rows of {path}.",
        "field": [_field(identifier(name), column, path) for column in columns],
    }


def _field(parent: str, column: Column, path: str) -> Json:
    own = f"{parent}/{identifier(column.name)}"
    source = {"fileObject": {"@id": identifier(path)}, "extract": {"column": column.name}}
    made: Json = {"@type": "cr:Field", "@id": own, "name": column.name}
    if column.repeated:
        made["repeated"] = True
    if column.children:
        members = [child for child in column.children if _MEMBER.match(child.name)]
        made["subField"] = [_member(own, child, source) for child in members]
    else:
        made |= {"dataType": column.type, "source": source}
    return made


def _member(parent: str, column: Column, source: Json) -> Json:
    return {
        "@type": "cr:Field",
        "@id": f"{parent}/{identifier(column.name)}",
        "name": column.name,
        "dataType": column.type,
        "source": {**source, "transform": {"jsonPath": column.name}},
    }


def identifier(text: str) -> str:
    """``text`` as an ``@id``: what would make it an absolute address, or end it, is percent-encoded."""
    return "".join(c if c.isalnum() or c in _PLAIN else quote(c, safe="") for c in text)


def _texts(value: Any) -> Sequence[str]:
    values = value if isinstance(value, list) else [value]
    return [item for item in values if isinstance(item, str) and item]


def _date(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
