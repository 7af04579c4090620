"""How to fetch a repository with what every machine has."""

from commonground.http.gateway import Snippet, Use

_TOKEN = '--header "Authorization: Bearer $CG_TOKEN" '


def snippets(use: Use) -> list[Snippet]:
    """wget, which resumes; and WebDataset where shards lie at the root."""
    repository = use.repository
    branch = repository.default_branch
    header = "" if repository.visibility == "public" else _TOKEN
    archive = f"{use.address}/archive/{branch}/{repository.name}.tar.gz"
    found = [
        Snippet("wget", "bash", f"wget --continue {header}{archive}\ntar --extract --file {repository.name}.tar.gz\n")
    ]
    shard = next((path for path in sorted(use.paths) if path.endswith(".tar")), None)
    if shard is not None and repository.visibility == "public":
        code = f'import webdataset\n\ndata = webdataset.WebDataset("{use.address}/resolve/{branch}/{shard}")\n'
        found.append(Snippet("WebDataset", "python", code))
    return found
