"""What to paste: oras to pull files, skopeo to copy the whole artifact."""

from urllib.parse import urlsplit

from commonground.gateways.oci.names import name_of, tag_of
from commonground.http.gateway import Snippet, Use


def snippets(use: Use) -> list[Snippet]:
    """Oras and skopeo; nothing for a name registries cannot say, and for a hub below a path."""
    name, tag = name_of(use.repository), tag_of(use.repository.default_branch)
    address = urlsplit(use.origin)
    if name is None or tag is None or address.path:
        return []
    reference = f"{address.netloc}/{name}:{tag}"
    plain = address.scheme == "http"
    oras = f"oras pull{' --plain-http' if plain else ''} {reference}\n"
    skopeo = f"skopeo copy{' --src-tls-verify=false' if plain else ''} docker://{reference} oci:{use.repository.name}:{tag}\n"
    return [Snippet("oras", "bash", oras), Snippet("skopeo", "bash", skopeo)]
