from __future__ import annotations

import csv
import gzip
import io
import json

import pytest

from commonground.samples import transforms
from commonground.samples.transforms import chat_to_jsonl, digits_csv

CHAT = """@UTF8
@Begin
@Participants:\tXXA A Adult , XXB B Adult
@ID:\tyue , eng|HKCanCor|XXA|34;|female|||Adult||origin:HK|
@ID:\tyue , eng|HKCanCor|XXB|||||Adult|||
@Date:\t30-APR-1997
*XXA:\t喂 遲 啲 ,
\t去 ?
%mor:\te|wai3 a|ci4 u|di1
\t, v|heoi3 ?
*XXB:\tMickey Mouse 喎 .
%mor:\txns|Mickey0 xns|Mouse0 y|wo3 .
@End
"""


def test_digits_get_a_header_and_whole_numbers() -> None:
    row = ",".join(["0.0", *["16"] * 63, "7"])
    rows = [*csv.reader(io.StringIO(digits_csv({"d": gzip.compress(f"{row}\n{row}\n".encode())}).decode()))]
    assert rows[0][0] == "pixel_0_0"
    assert rows[0][63:] == ["pixel_7_7", "label"]
    assert rows[1] == rows[2] == ["0", *["16"] * 63, "7"]


def test_digits_that_unpack_to_too_much_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transforms, "MAX_UNPACKED", 10)
    with pytest.raises(ValueError, match="larger than expected"):
        digits_csv({"d": gzip.compress(b"0" * 11)})


def test_utterances_carry_speaker_date_and_aligned_annotations() -> None:
    first, second = (json.loads(line) for line in chat_to_jsonl({"x/FC-001.cha": CHAT.encode()}).splitlines())
    assert first == {
        "conversation": "FC-001", "date": "30-APR-1997", "turn": 0, "speaker": "XXA",
        "sex": "female", "age": 34, "origin": "HK", "text": "喂遲啲,去?",
        "tokens": ["喂", "遲", "啲", ",", "去", "?"],
        "pos": ["e", "a", "u", ",", "v", "?"],
        "jyutping": ["wai3", "ci4", "di1", "", "heoi3", ""],
    }  # fmt: skip
    assert second["text"] == "Mickey Mouse喎."
    assert (second["turn"], second["sex"], second["age"], second["origin"]) == (1, None, None, None)


def test_conversations_come_in_the_order_of_their_names() -> None:
    lines = chat_to_jsonl({"x/b.cha": CHAT.encode(), "x/a.cha": CHAT.encode()}).splitlines()
    assert [json.loads(line)["conversation"] for line in lines] == ["a", "a", "b", "b"]


@pytest.mark.parametrize("tier", ["%mor:\te|wai3", "%com:\tlaughs"])
def test_an_utterance_without_matching_annotations_is_refused(tier: str) -> None:
    with pytest.raises(ValueError, match="does not match"):
        chat_to_jsonl({"a.cha": f"*XXA:\t喂 遲\n{tier}\n".encode()})
