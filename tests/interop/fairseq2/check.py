"""fairseq2 loads a model of a hub by the name of its repository, and in place of one it knows: ``make interop CLIENT=fairseq2``.

About 7 GB of packages, so not part of CI; runs on a CPU.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from bench.server import TOKEN, USER, Server

from commonground.sdk.hub import Hub

README = b"""---
library_name: fairseq2
fairseq2:
  name: wav2vec2_base
  model_family: wav2vec2
  model_arch: base
  model_config_overrides:
    encoder_config:
      num_encoder_layers: 1
  checkpoint: model.pt
---
# A wav2vec 2.0 model with one layer
"""

SAVE = """
import sys, torch
from fairseq2 import init_fairseq2
from fairseq2.models.wav2vec2 import get_wav2vec2_model_hub
init_fairseq2()
hub = get_wav2vec2_model_hub()
config = hub.get_arch_config("base")
config.encoder_config.num_encoder_layers = 1
torch.manual_seed(0)
model = hub.create_new_model(config, device=torch.device("cpu"))
torch.save({"model": model.state_dict()}, sys.argv[1])
"""

LOAD = """
import sys, torch
from fairseq2 import init_fairseq2
from fairseq2.models.hub import load_model
init_fairseq2()
saved = torch.load(sys.argv[1], weights_only=True)["model"]
for name in sys.argv[2:]:
    loaded = load_model(name, device=torch.device("cpu")).state_dict()
    assert saved.keys() == loaded.keys(), name
    assert all(torch.equal(saved[key], loaded[key]) for key in saved), name
    print(name, "has the weights of the hub")
"""


def main(python: str) -> None:
    """Publish a model, install its card, and have fairseq2 load it under both names."""
    with Server() as server, tempfile.TemporaryDirectory() as folder, Hub(server.url, TOKEN) as hub:
        checkpoint, cards = Path(folder, "model.pt"), Path(folder, "cards")
        environment = server.client_environment() | {
            "FAIRSEQ2_USER_ASSET_DIR": str(cards),
            "FAIRSEQ2_CACHE_DIR": str(Path(folder, "cache")),
            "FAIRSEQ2_NO_PROGRESS": "1",
        }
        subprocess.run([python, "-c", SAVE, str(checkpoint)], check=True, env=environment)
        repository = hub.create_repository(f"{USER}/tiny-wav2vec2", visibility="private").id
        hub.upload_file(f"{repository}/README.md", README)
        hub.upload_file(f"{repository}/model.pt", checkpoint)
        hub.install_fairseq2_cards(cards, owner=USER)
        subprocess.run([python, "-c", LOAD, str(checkpoint), repository, "wav2vec2_base"], check=True, env=environment)


if __name__ == "__main__":
    main(sys.argv[1])
