"""From the actions of a commit to the operations of the hub."""

import binascii
from base64 import b64decode

from commonground.errors import InvalidCommit, PayloadTooLarge
from commonground.gateways.modelscope.wire import Commit, CommitAction
from commonground.hub.revisions.model import AddFile, AddStored, CommitRequest, DeleteFile, Operation

DEFAULT_MESSAGE = "Change files"


def commit_request(body: Commit, file_limit: int) -> CommitRequest:
    """The commit a body describes. ``file_limit`` bounds a file sent inside it, in bytes: a larger one is
    :class:`PayloadTooLarge`. :class:`InvalidCommit` for content that is not what its encoding says.
    """
    title, _, description = body.commit_message.strip().partition("\n")
    return CommitRequest(
        title=title.strip() or DEFAULT_MESSAGE,
        description=description.strip("\n"),
        operations=[_operation(action, file_limit) for action in body.actions],
    )


def _operation(action: CommitAction, file_limit: int) -> Operation:
    if action.action == "delete":
        return DeleteFile(action.path)
    if action.type == "lfs":
        return AddStored(path=action.path, sha256=action.sha256, size=action.size)
    content = _content(action)
    if len(content) > file_limit:
        raise PayloadTooLarge(limit=file_limit)
    return AddFile(path=action.path, content=content)


def _content(action: CommitAction) -> bytes:
    if action.encoding != "base64":
        return action.content.encode()
    try:
        return b64decode(action.content, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidCommit(reason=f"the content of {action.path[:200]} is not base64") from None
