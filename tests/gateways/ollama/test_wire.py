"""Manifests and configs."""

import hashlib
import json

from commonground.gateways.ollama.wire import layer, write_config, write_manifest

LAYERS = [layer("model", "a" * 64, 7), layer("params", "b" * 64, 2)]


def test_a_manifest_names_config_and_layers() -> None:
    config = write_config(LAYERS, "Q4_K_M", "llama")
    assert json.loads(write_manifest(LAYERS, config)) == {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "digest": f"sha256:{hashlib.sha256(config).hexdigest()}",
            "size": len(config),
        },
        "layers": [
            {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{'a' * 64}", "size": 7},
            {"mediaType": "application/vnd.ollama.image.params", "digest": f"sha256:{'b' * 64}", "size": 2},
        ],
    }


def test_a_config_says_what_the_layers_are() -> None:
    config = json.loads(write_config(LAYERS, "", ""))
    assert config["rootfs"]["diff_ids"] == [f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"]
    assert (config["model_format"], config["model_families"], config["file_type"]) == ("gguf", [], "unknown")
