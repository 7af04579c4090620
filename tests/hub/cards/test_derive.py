"""Tags, task, library and description, from cards and files."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonground.hub.cards.derive import derive
from commonground.hub.cards.model import Derived, Facts


def model(readme: str = "", *paths: str, **configs: dict[str, Any]) -> Derived:
    named = {f"{name}.json": value for name, value in configs.items()}
    return derive("model", readme, Facts(paths=(*paths, *named), configs=named))


BERT = """---
language: en
tags: [exbert]
license: apache-2.0
datasets: [bookcorpus, wikipedia]
base_model: a/b
base_model_relation: finetune
---
# BERT

Pretrained model, see [the paper](https://arxiv.org/abs/1810.04805).

More text.
"""


def test_a_model_is_tagged_as_users_filter() -> None:
    config = {"architectures": ["BertForMaskedLM"], "model_type": "bert", "vocab_size": 30522, "hidden_size": 1}
    derived = model(BERT, "model.safetensors", "pytorch_model.bin", config=config)
    assert derived.tags == (
        "transformers", "safetensors", "pytorch", "bert", "fill-mask", "exbert", "en", "dataset:bookcorpus",
        "dataset:wikipedia", "arxiv:1810.04805", "base_model:a/b", "base_model:finetune:a/b", "license:apache-2.0",
    )  # fmt: skip
    assert set(derived.index_tags) - set(derived.tags) == {
        "library:transformers", "pipeline_tag:fill-mask", "language:en",
    }  # fmt: skip
    assert (derived.pipeline_tag, derived.library_name, derived.license) == ("fill-mask", "transformers", "apache-2.0")
    assert derived.config == {"architectures": ["BertForMaskedLM"], "model_type": "bert", "vocab_size": 30522}
    assert derived.description == "Pretrained model, see the paper."


def test_the_card_wins_over_the_files() -> None:
    derived = model("---\nlibrary_name: mine\npipeline_tag: robotics\n---\n", config={"model_type": "bert"})
    assert (derived.library_name, derived.pipeline_tag) == ("mine", "robotics")


@pytest.mark.parametrize(
    ("paths", "configs", "library", "task"),
    [
        (["model.gguf"], {}, "gguf", None),
        (["model.onnx"], {}, "onnx", None),
        (["unet/model.safetensors"], {"model_index": {"_class_name": "StableDiffusionPipeline"}}, "diffusers", "text-to-image"),
        ([], {"adapter_config": {"peft_type": "LORA"}}, "peft", None),
        ([], {"modules": {"0": "x"}, "config": {"model_type": "bert"}}, "sentence-transformers", "sentence-similarity"),
        ([], {"meta": {"spacy_version": ">=3", "components": ["tok2vec", "ner"]}}, "spacy", "token-classification"),
        ([], {"config": {"architectures": ["LlamaForCausalLM"]}}, "transformers", "text-generation"),
        ([], {"config": {"architectures": ["WhisperForConditionalGeneration"], "model_type": "whisper"}}, "transformers",
         "automatic-speech-recognition"),
        ([], {"config": {"architectures": ["T5ForConditionalGeneration"]}}, "transformers", "text2text-generation"),
        ([], {"config": {"architectures": ["BertModel"]}}, "transformers", "feature-extraction"),
        ([], {"config": {"architectures": "Bert", "model_type": 5}}, "transformers", None),
        ([], {"config": {"pretrained_cfg": {}}}, "timm", "image-classification"),
        (["weights.bin"], {}, None, None),
    ],
)  # fmt: skip
def test_library_and_task_are_inferred(paths: list[str], configs: Any, library: str | None, task: str | None) -> None:
    derived = model("", *paths, **configs)
    assert (derived.library_name, derived.pipeline_tag) == (library, task)


def test_a_task_among_the_tags_counts() -> None:
    assert model("---\ntags: [x, summarization]\n---").pipeline_tag == "summarization"


def test_a_dataset_is_tagged_by_card_and_files() -> None:
    readme = (
        "---\nlicense: mit\nlanguage: [en, fr]\ntask_categories: [question-answering]\nsize_categories: 1K<n<10K\n---\n"
    )
    derived = derive("dataset", readme, Facts(paths=("data/train.parquet", "photos/1.jpg", "README.md")))
    assert derived.tags == (
        "task_categories:question-answering", "size_categories:1K<n<10K", "language:en", "language:fr", "license:mit",
        "format:parquet", "format:imagefolder", "modality:image",
    )  # fmt: skip
    assert derived.pipeline_tag is None


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("# Title\n\nA **bold** [link](x) and `code`.", "A bold link and code."),
        ("![logo](a.png)\n\n<p align='center'>Hi there</p>", "Hi there"),
        ("<!-- hidden -->\n```\ncode\n```\n\n- list\n\n> quote\n\n| a |\n\nText", "Text"),
        ("# Title\nDirectly below", "Directly below"),
        ("Title\n=====\n\nBelow", "Below"),
        ("这是一个模型。", "这是一个模型。"),
        ("# Only a title", ""),
        ("word " * 200, "word " * 99 + "…"),
    ],
)
def test_the_first_paragraph_describes(markdown: str, expected: str) -> None:
    description = derive("model", markdown, Facts()).description
    assert description.replace(" …", "…") == expected.replace(" …", "…")
    assert len(description) <= 500


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
NAMES = st.sampled_from(["architectures", "model_type", "components", "spacy_version", "_class_name", "vision_config"])


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(["model", "dataset", "space", "kernel"]),
    readme=st.text(max_size=200),
    configs=st.dictionaries(
        st.sampled_from(["config.json", "meta.json", "model_index.json"]), st.dictionaries(NAMES, JSON, max_size=3)
    ),
)
def test_nothing_in_a_repository_breaks_derivation(kind: str, readme: str, configs: dict[str, dict[str, Any]]) -> None:
    for content in (readme, f"---\ntags: {readme}\nlicense: {readme}\n---\n{readme}"):
        derived = derive(kind, content, Facts(paths=tuple(configs), configs=configs))
        assert all(0 < len(tag) <= 255 and "\0" not in tag for tag in derived.index_tags)
        assert len(derived.index_tags) == len(set(derived.index_tags))
