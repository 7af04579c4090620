from commonground.hub.weights.model import WeightsInfo
from commonground.hub.weights.selection import INDEX, is_weight_file, select, summary


def test_the_main_file_wins_over_variants() -> None:
    paths = ["onnx/model_int8.onnx", "onnx/model.onnx", "b.safetensors", "model.safetensors", "unet/x.safetensors"]
    assert select(paths) == {"safetensors": ("model.safetensors",), "onnx": ("onnx/model.onnx",)}


def test_an_index_stands_for_its_shards() -> None:
    assert select([INDEX, "model-00001-of-00002.safetensors"]) == {"safetensors": (INDEX,)}


def test_one_of_several_quantisations_is_read_with_all_its_shards() -> None:
    paths = ["m-Q8_0.gguf", "m-Q4_K-00002-of-00002.gguf", "m-Q4_K-00001-of-00002.gguf"]
    assert select(paths) == {"gguf": ("m-Q4_K-00001-of-00002.gguf", "m-Q4_K-00002-of-00002.gguf")}


def test_a_shard_count_from_a_file_name_is_not_believed() -> None:
    assert select(["m-00001-of-99999.gguf"]) == {"gguf": ("m-00001-of-99999.gguf",)}


def test_which_files_matter() -> None:
    assert [is_weight_file(p) for p in ("a.safetensors", INDEX, "x/y.gguf", "config.json", "README.md")] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_the_summary_is_small_and_prefers_safetensors() -> None:
    found = {
        "gguf": WeightsInfo(format="gguf", total=7, metadata={"tokenizer.chat_template": "x" * 20_000, "junk": 1}),
        "safetensors": WeightsInfo(format="safetensors", total=9, parameters={"F32": 9}, tensor_count=1),
    }
    kept, total = summary(found)  # type: ignore[arg-type]
    assert total == 9
    assert kept["gguf"]["metadata"] == {}
    assert summary({"onnx": WeightsInfo(format="onnx", error="damaged")}) == ({"onnx": {"error": "damaged"}}, None)
