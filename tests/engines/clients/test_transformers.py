"""transformers and sentence-transformers, unmodified, with HF_ENDPOINT alone."""

import json

from bench.server import USER

from tests.engines.conftest import Script

PUSH = """
import json, torch
from transformers import BertConfig, BertModel
torch.manual_seed(0)
model = BertModel(BertConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, vocab_size=100))
model.push_to_hub("{user}/tiny-bert", private=True)
out = model.eval()(torch.arange(10)[None]).last_hidden_state.sum().item()
print(json.dumps(out))
"""

PULL = """
import json, torch
from transformers import AutoModel
model = AutoModel.from_pretrained("{user}/tiny-bert").eval()
print(json.dumps(model(torch.arange(10)[None]).last_hidden_state.sum().item()))
"""

SENTENCES = """
import json, torch
from sentence_transformers import SentenceTransformer, models
from transformers import BertConfig, BertModel, BertTokenizerFast
from pathlib import Path
import tempfile
root = Path(tempfile.mkdtemp())
(root / "vocab.txt").write_text("\\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "day"]))
BertTokenizerFast(vocab_file=str(root / "vocab.txt")).save_pretrained(root)
BertModel(BertConfig(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64, vocab_size=8)).save_pretrained(root)
word = models.Transformer(str(root))
model = SentenceTransformer(modules=[word, models.Pooling(32)])
model.push_to_hub("{user}/tiny-sentences", exist_ok=True)
again = SentenceTransformer("{user}/tiny-sentences")
a, b = model.encode(["good day"])[0], again.encode(["good day"])[0]
print(json.dumps(float(abs(a - b).max())))
"""


def test_a_pushed_model_is_loaded_with_the_same_weights(client: Script) -> None:
    pushed = json.loads(client(PUSH.format(user=USER)).splitlines()[-1])
    pulled = json.loads(client(PULL.format(user=USER)).splitlines()[-1])
    assert pulled == pushed


def test_a_pushed_model_is_loaded_without_xet(client: Script) -> None:
    client(PUSH.format(user=USER).replace("tiny-bert", "tiny-bert-lfs"), HF_HUB_DISABLE_XET="1")
    client(PULL.format(user=USER).replace("tiny-bert", "tiny-bert-lfs"), HF_HUB_DISABLE_XET="1")


def test_a_sentence_model_round_trips(client: Script) -> None:
    difference = json.loads(client(SENTENCES.format(user=USER)).splitlines()[-1])
    assert difference < 1e-6
