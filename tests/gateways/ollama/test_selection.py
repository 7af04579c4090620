"""Which file a tag means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.gateways.ollama.selection import quantisation, select


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("Llama-3.2-1B-Instruct-Q4_K_M.gguf", "Q4_K_M"),
        ("llama-3.2-1b-instruct-q4_k_m.gguf", "Q4_K_M"),
        ("model.Q8_0.gguf", "Q8_0"),
        ("tiny-IQ3_XXS.gguf", "IQ3_XXS"),
        ("gpt-oss-20b-MXFP4.gguf", "MXFP4"),
        ("big-UD-Q2_K_XL.gguf", "UD-Q2_K_XL"),
        ("BF16/model-BF16.gguf", "BF16"),
        ("ggml-model-f16.gguf", "F16"),
        ("Q4.gguf", "Q4"),
        ("model.gguf", ""),
        ("seq2seq.gguf", ""),
        ("REQ4_K_M.gguf", ""),
    ],
)
def test_file_names_tell_the_quantisation(path: str, name: str) -> None:
    assert quantisation(path) == name


FILES = ["README.md", "a-F16.gguf", "a-Q4_K_M.gguf", "a-Q8_0.gguf", "deep/a-Q8_0.gguf", "other.gguf"]


@pytest.mark.parametrize(
    ("tag", "path"),
    [
        (None, "a-Q4_K_M.gguf"),
        ("Q8_0", "a-Q8_0.gguf"),
        ("q8_0", "a-Q8_0.gguf"),
        ("other", "other.gguf"),
        ("a-F16.gguf", "a-F16.gguf"),
        ("A-f16", "a-F16.gguf"),
        ("Q5_K_M", None),
        ("README.md", None),
        ("README", None),
        ("", None),
    ],
)
def test_a_tag_is_a_quantisation_or_a_file(tag: str | None, path: str | None) -> None:
    selected = select(FILES, tag)
    assert (selected.layers[0] if selected else None) == (("model", path) if path else None)


def test_the_preferred_quantisation_is_small_and_good() -> None:
    assert select(["m-F16.gguf", "m-Q8_0.gguf"], None).layers == [("model", "m-Q8_0.gguf")]  # type: ignore[union-attr]
    assert select(["z.gguf", "m-IQ1_S.gguf"], None).quantisation == "IQ1_S"  # type: ignore[union-attr]


def test_texts_at_the_root_are_layers() -> None:
    selected = select(["m.gguf", "params", "template", "LICENSE.md", "LICENSE", "deep/system"], None)
    assert selected is not None
    assert selected.layers == [
        ("model", "m.gguf"),
        ("template", "template"),
        ("params", "params"),
        ("license", "LICENSE"),
    ]


def test_a_projector_beside_the_model_is_a_layer() -> None:
    selected = select(["m-Q4_0.gguf", "mmproj-m-BF16.gguf", "mmproj-m-F16.gguf", "x/mmproj-F16.gguf"], None)
    assert selected is not None
    assert selected.layers == [("model", "m-Q4_0.gguf"), ("projector", "mmproj-m-F16.gguf")]
    assert select(["mmproj-m-F16.gguf"], None) is None


def test_models_in_several_files_are_left_out() -> None:
    assert select(["m-Q4_K_M-00001-of-00002.gguf", "m-Q4_K_M-00002-of-00002.gguf"], None) is None


@given(st.lists(st.text(max_size=30).map(lambda text: text + ".gguf"), max_size=5), st.none() | st.text(max_size=30))
def test_any_names(paths: list[str], tag: str | None) -> None:
    selected = select(paths, tag)
    assert selected is None or selected.layers[0][1] in paths
