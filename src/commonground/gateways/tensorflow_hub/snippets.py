"""How to load a SavedModel."""

from commonground.http.gateway import Snippet, Use

MARKER = "saved_model.pb"


def snippets(use: Use) -> list[Snippet]:
    """A layer of the SavedModel at the root; nothing where there is none."""
    if MARKER not in use.paths:
        return []
    if use.repository.visibility == "public":
        handle = f'"{use.address}"'
    else:  # the library sends no credentials
        handle = 'os.environ["MODEL_LINK"]  # from: commonground repositories link'
    head = "" if use.repository.visibility == "public" else "import os\n\n"
    return [
        Snippet("TensorFlow Hub", "python", f"{head}import tensorflow_hub\n\nmodel = tensorflow_hub.load({handle})\n")
    ]
