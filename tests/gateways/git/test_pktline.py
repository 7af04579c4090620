"""The packet framing of git's protocols."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.errors import BadRequest
from commonground.gateways.git.pktline import DELIMITER, FLUSH, MAX_PAYLOAD, Marker, Packet, Reader, pkt, sideband, text


def read_all(data: bytes) -> list[Packet]:
    reader = Reader(io.BytesIO(data))
    packets = []
    while (packet := reader.read()) is not None:
        packets.append(packet)
    return packets


def test_a_packet_counts_its_own_length() -> None:
    assert pkt(b"a\n") == b"0006a\n"
    assert text("hello") == b"000ahello\n"
    assert pkt(b"") == b"0004"


def test_a_payload_that_does_not_fit_is_a_defect_of_the_caller() -> None:
    assert len(pkt(b"x" * MAX_PAYLOAD)) == 65520
    with pytest.raises(ValueError, match="at most"):
        pkt(b"x" * (MAX_PAYLOAD + 1))


def test_markers_end_a_section() -> None:
    reader = Reader(io.BytesIO(text("one") + text("two") + DELIMITER + text("three") + FLUSH + b"PACK"))
    assert list(reader.section()) == [b"one", b"two"]
    assert list(reader.section()) == [b"three"]
    assert reader.file.read() == b"PACK"


@given(st.lists(st.one_of(st.binary(max_size=300), st.sampled_from(list(Marker)))))
def test_what_is_framed_is_read_back(packets: list[Packet]) -> None:
    data = b"".join(p.value if isinstance(p, Marker) else pkt(p) for p in packets)
    assert read_all(data) == packets


@given(st.binary(max_size=200))
def test_any_bytes_are_packets_or_a_clear_refusal(data: bytes) -> None:
    try:
        packets = read_all(data)
    except BadRequest:
        return
    assert b"".join(p.value if isinstance(p, Marker) else pkt(p) for p in packets).lower() == data.lower()


@pytest.mark.parametrize("data", [b"0003", b"000", b"00", b"zzzz", b"+004", b"0_04", b"fff1", b"0009ab", b" 004"])
def test_malformed_framing_is_refused(data: bytes) -> None:
    with pytest.raises(BadRequest):
        read_all(data)


def test_side_band_splits_what_does_not_fit_into_one_packet() -> None:
    packets = read_all(b"".join(sideband(1, [b"x" * 100_000, b"y"])))
    assert [p[:1] for p in packets if isinstance(p, bytes)] == [b"\x01"] * 3
    assert b"".join(p[1:] for p in packets if isinstance(p, bytes)) == b"x" * 100_000 + b"y"
