"""What to paste for Croissant."""

from commonground.http.gateway import Snippet, Use


def snippets(use: Use) -> list[Snippet]:
    """How to load a data set with mlcroissant."""
    if use.repository.kind != "dataset":
        return []
    address = f"{use.origin}/api/datasets/{use.repository.full_name}/croissant"
    code = (
        f'import mlcroissant\n\ndata = mlcroissant.Dataset(jsonld="{address}")\n'
        "table = data.metadata.record_sets[0].id\nfor row in data.records(table):\n    print(row)\n    break\n"
    )
    return [Snippet("Croissant", "python", code)]
