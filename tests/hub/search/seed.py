"""A synthetic hub: many repositories with tags, texts and counters like those of a real one."""

import random
from collections.abc import Iterator
from itertools import islice

import msgspec
from sqlalchemy import Connection, insert

from commonground.database import Database
from commonground.database.schema.accounts import account
from commonground.database.schema.hub import repository, repository_tag
from commonground.hub.search.index import search_index
from commonground.hub.search.model import Document, SearchIndex

FAMILIES = [
    "bert",
    "roberta",
    "llama",
    "qwen",
    "mistral",
    "gemma",
    "phi",
    "gpt2",
    "t5",
    "whisper",
    "vit",
    "clip",
    "sdxl",
    "yolo",
    "resnet",
    "falcon",
    "bloom",
]
ADJECTIVES = [
    "base",
    "large",
    "small",
    "tiny",
    "mini",
    "instruct",
    "chat",
    "uncased",
    "cased",
    "finetuned",
    "distilled",
    "quantized",
    "merged",
    "v2",
    "v3",
]
WORDS = [
    "model",
    "training",
    "data",
    "evaluation",
    "accuracy",
    "license",
    "results",
    "language",
    "text",
    "image",
    "speech",
    "classification",
    "generation",
    "attention",
    "tokens",
    "layers",
    "weights",
    "parameters",
    "benchmark",
    "dataset",
    "fine",
    "tuning",
    "open",
    "source",
    "research",
    "community",
    "release",
]
RARE = ["zebra", "quokka", "axolotl", "platypus", "ocelot", "narwhal"]
CHINESE = [
    "这是一个用于中文文本分类的模型",
    "我们在新闻数据集上训练",
    "支持语音识别和机器翻译",
    "开源大语言模型",
    "适合金融领域问答",
]
TASKS = ["text-generation", "text-classification", "fill-mask", "image-classification", "automatic-speech-recognition"]
LICENSES = ["apache-2.0", "mit", "cc-by-4.0", "llama3", "other"]
LANGUAGES = ["en", "zh", "fr", "de", "es", "ja"]
LIBRARIES = ["transformers", "diffusers", "timm", "sentence-transformers", "gguf"]
BATCH = 1000


def seed(database: Database, count: int, *, owners: int = 200, private: float = 0.05, chance: int = 1) -> None:
    """``count`` repositories, reproducibly."""
    rng = random.Random(chance)
    index = search_index(sqlite=database.is_sqlite)
    database.write_now(_owners, owners)
    numbers = iter(range(1, count + 1))
    while batch := list(islice(numbers, BATCH)):
        database.write_now(_repositories, index, [_repository(rng, number, owners, private) for number in batch])


def _owners(connection: Connection, count: int) -> None:
    rows = [
        {"id": i, "kind": "user", "name": f"owner{i}", "name_key": f"owner{i}", "created_at": 0}
        for i in range(1, count + 1)
    ]
    connection.execute(insert(account), rows)


Made = tuple[dict[str, object], list[str], Document]


def _repository(rng: random.Random, number: int, owners: int, private: float) -> Made:
    name = f"{rng.choice(FAMILIES)}-{rng.choice(ADJECTIVES)}-{rng.choice(ADJECTIVES)}-{number}"
    kind = "model" if rng.random() < 0.7 else "dataset"
    license_, language = rng.choice(LICENSES), rng.choices(LANGUAGES, [60, 15, 8, 7, 5, 5])[0]
    library, task = rng.choices(LIBRARIES, [70, 10, 8, 7, 5])[0], rng.choice(TASKS)
    shown = [library, task, language, f"license:{license_}", rng.choice(FAMILIES)]
    shown += [f"custom-{rng.randrange(20_000)}"] + (["rare-pair"] if number % 5000 == 0 else [])
    owner = 1 + min(int(rng.paretovariate(0.7)), owners - 1)
    downloads = int(rng.paretovariate(0.5))
    row = {
        "id": number,
        "kind": kind,
        "owner_id": owner,
        "name": name,
        "name_key": name,
        "visibility": "private" if rng.random() < private else "public",
        "gated": "auto" if rng.random() < 0.01 else "",
        "description": "",
        "card": "{}",
        "tags": msgspec.json.encode(shown).decode(),
        "pipeline_tag": task,
        "library_name": library,
        "license": license_,
        "parameters": rng.choice([None, 10**6, 10**8, 7 * 10**9]) if rng.random() < 0.99 else 5 * 10**11,
        "downloads": downloads,
        "likes": downloads // 50,
        "trending": downloads * rng.random(),
        "created_at": 1_600_000_000_000 + number * 1000,
        "updated_at": 1_600_000_000_000 + rng.randrange(10**11),
    }
    indexed = [*shown, f"library:{library}", f"pipeline_tag:{task}", f"language:{language}"]
    return (
        row,
        indexed,
        Document(owner=f"owner{owner}", name=name, tags=tuple(shown), body=" ".join(_text(rng, language))),
    )


def _text(rng: random.Random, language: str) -> Iterator[str]:
    yield from rng.choices(WORDS, k=120)
    if language == "zh":
        yield from rng.choices(CHINESE, k=6)
    if rng.random() < 0.01:
        yield rng.choice(RARE)


def _repositories(connection: Connection, index: SearchIndex, made: list[Made]) -> None:
    connection.execute(insert(repository), [row for row, _, _ in made])
    tags = [{"tag": tag, "repository_id": row["id"]} for row, names, _ in made for tag in dict.fromkeys(names)]
    connection.execute(insert(repository_tag), tags)
    for row, _, document in made:
        identity = row["id"]
        assert isinstance(identity, int)
        index.put(connection, identity, document)
