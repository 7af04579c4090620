"""What to paste into a terminal."""

from commonground.gateways.ollama.selection import select
from commonground.http.gateway import Snippet, Use


def snippets(use: Use) -> list[Snippet]:
    """How to run the preferred model at the root."""
    selected = select(use.paths, None) if use.repository.kind == "model" else None
    if selected is None:
        return []
    secure = use.origin.startswith("https://")
    name = use.origin.removeprefix("https://") if secure else use.origin
    tag = f":{selected.quantisation}" if selected.quantisation else ""
    option = "" if secure else "--insecure "
    model = f"{name}/{use.repository.full_name.lower()}{tag}"
    return [Snippet("Ollama", "bash", f"ollama pull {option}{model}\nollama run {model}\n")]
