"""Small changes of form on the way from a package into a repository, by name. Content is never changed."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

Transform = Callable[[Mapping[str, bytes]], bytes]

SIDE = 8
MAX_UNPACKED = 64 * 1024 * 1024


def digits_csv(members: Mapping[str, bytes]) -> bytes:
    """scikit-learn's headerless `digits.csv.gz` as a CSV file with the header `pixel_0_0`..`pixel_7_7`, `label`."""
    (packed,) = members.values()
    with gzip.open(io.BytesIO(packed)) as file:
        rows = file.read(MAX_UNPACKED + 1)
    if len(rows) > MAX_UNPACKED:
        raise ValueError("the compressed table is larger than expected")
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*(f"pixel_{row}_{column}" for row in range(SIDE) for column in range(SIDE)), "label"])
    writer.writerows([int(float(value)) for value in row] for row in csv.reader(io.StringIO(rows.decode("ascii"))))
    return out.getvalue().encode()


def chat_to_jsonl(members: Mapping[str, bytes]) -> bytes:
    """CHAT transcripts (the format of CHILDES, with a `%mor` tier) as JSON Lines: one utterance a line, in order."""
    lines = (
        json.dumps(utterance, ensure_ascii=False)
        for name, content in sorted(members.items())
        for utterance in _utterances(name.rsplit("/", 1)[-1].removesuffix(".cha"), content.decode("utf-8"))
    )
    return "".join(f"{line}\n" for line in lines).encode()


def _utterances(conversation: str, text: str) -> Iterator[dict[str, object]]:
    lines = re.sub(r"\n\t", " ", text).splitlines()
    people = _people(lines)
    date = next((line.partition("\t")[2] for line in lines if line.startswith("@Date:")), None)
    turn = 0
    for said, tier in pairwise(lines):
        if not said.startswith("*"):
            continue
        speaker, _, words = said[1:].partition(":\t")
        tokens = words.split()
        yield {
            "conversation": conversation,
            "date": date,
            "turn": turn,
            "speaker": speaker,
            **people.get(speaker, {"sex": None, "age": None, "origin": None}),
            "text": _join(tokens),
            "tokens": tokens,
            **_annotations(tokens, tier),
        }
        turn += 1


def _people(lines: list[str]) -> dict[str, dict[str, object]]:
    rows = [line.split("|") for line in lines if line.startswith("@ID:")]
    return {
        row[2]: {
            "sex": row[4] or None,
            "age": int(row[3].rstrip(";")) if row[3].rstrip(";").isdigit() else None,
            "origin": row[9].removeprefix("origin:") or None,
        }
        for row in rows
    }


def _annotations(tokens: list[str], tier: str) -> dict[str, list[str]]:
    """Part of speech and Jyutping of every token; punctuation carries itself and an empty reading."""
    marks = tier.partition("\t")[2].split() if tier.startswith("%mor:") else []
    if len(marks) != len(tokens):
        raise ValueError("the annotation tier does not match its utterance")
    pairs = [mark.partition("|") for mark in marks]
    return {"pos": [pair[0] for pair in pairs], "jyutping": [pair[2] for pair in pairs]}


def _join(tokens: list[str]) -> str:
    """Running text: no space between words, except between two that are both written in Latin letters or digits."""
    text = "".join(tokens[:1])
    for before, after in pairwise(tokens):
        text += f" {after}" if _is_latin(before[-1]) and _is_latin(after[0]) else after
    return text


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalnum()


TRANSFORMS: dict[str, Transform] = {"digits_csv": digits_csv, "chat_to_jsonl": chat_to_jsonl}
