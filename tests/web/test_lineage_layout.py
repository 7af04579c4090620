"""Layered drawings: nothing lies on anything else, arrows go down."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from commonground.web.lineage_layout import LAYER_HEIGHT, NODE_HEIGHT, NODE_WIDTH, draw, layers

names = st.sampled_from([f"n{number}" for number in range(12)])
arrows = st.lists(st.tuples(names, names), max_size=40)
NODES = [f"n{number}" for number in range(12)]


@given(arrows)
def test_boxes_are_inside_and_apart(pairs: list[tuple[str, str]]) -> None:
    drawing = draw(NODES, pairs)
    assert set(drawing.boxes) == set(NODES)
    rows: dict[float, list[float]] = {}
    for box in drawing.boxes.values():
        assert 0 <= box.x <= drawing.width - NODE_WIDTH
        assert 0 <= box.y <= drawing.height - NODE_HEIGHT
        rows.setdefault(box.y, []).append(box.x)
    for row in rows.values():
        row.sort()
        assert all(right - left >= NODE_WIDTH for left, right in itertools.pairwise(row))
    assert set(drawing.paths) == {(a, b) for a, b in pairs if a != b}


@given(arrows)
def test_without_circles_every_arrow_goes_down(pairs: list[tuple[str, str]]) -> None:
    forward = [(a, b) for a, b in pairs if NODES.index(a) < NODES.index(b)]
    ranks = layers(NODES, forward)
    assert all(ranks[a] < ranks[b] for a, b in forward)
    assert min(ranks.values()) == 0


@given(arrows)
def test_with_circles_layers_still_end(pairs: list[tuple[str, str]]) -> None:
    assert max(layers(NODES, [(a, b) for a, b in pairs if a != b]).values()) < len(NODES)


def test_a_chain_is_one_column() -> None:
    drawing = draw(["c", "a", "b"], [("a", "b"), ("b", "c")])
    assert [drawing.boxes[name].y for name in "abc"] == [6 + place * LAYER_HEIGHT for place in range(3)]
    assert len({box.x for box in drawing.boxes.values()}) == 1
    assert drawing.paths["a", "b"] == "M106 52C106 75 106 75 106 98"


def test_neighbours_are_drawn_without_crossing() -> None:
    drawing = draw(["a1", "a2", "b1", "b2"], [("a1", "b2"), ("a2", "b1")])
    place = {name: box.x for name, box in drawing.boxes.items()}
    assert (place["a1"] < place["a2"]) == (place["b2"] < place["b1"])


def test_an_arrow_over_a_layer_bends_beside_it() -> None:
    drawing = draw(["a", "b", "c"], [("a", "b"), ("b", "c"), ("a", "c")])
    assert drawing.paths["a", "c"].count("C") == 2
    assert drawing.paths["a", "c"].count("L") == 1


def test_what_is_unknown_or_leads_to_itself_is_left_out() -> None:
    assert draw(["a"], [("a", "a"), ("a", "z")]).paths == {}
    assert draw([], []).boxes == {}


def test_a_long_way_costs_no_recursion() -> None:
    many = [str(number) for number in range(3000)]
    assert layers(many, list(itertools.pairwise(many)))["2999"] == 2999
