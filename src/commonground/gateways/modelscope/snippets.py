"""What to paste: a snapshot, and the rows of a data set."""

from commonground.http.gateway import Snippet, Use


def snippets(use: Use) -> list[Snippet]:
    """For models and data sets; the protocol has no other kinds."""
    name = use.repository.full_name
    head = f'import os\n\nos.environ["MODELSCOPE_ENDPOINT"] = "{use.origin}"  # before the next import\n\n'
    if use.repository.kind == "model":
        code = f'from modelscope import snapshot_download\n\nfolder = snapshot_download("{name}")\n'
        return [Snippet("ModelScope", "python", head + code)]
    if use.repository.kind == "dataset":
        code = f'from modelscope.msdatasets import MsDataset\n\ndata = MsDataset.load("{name}")\n'
        return [Snippet("ModelScope", "python", head + code)]
    return []
