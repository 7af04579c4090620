"""A repository as the two interfaces describe it."""

from typing import Any

from commonground.gateways.modelscope.wire import LEVELS, moment
from commonground.hub.repositories.model import Repository

GENERAL = 4
"""The type of data sets that are plain files, which clients load with the library of Hugging Face."""


def describe(repository: Repository) -> dict[str, Any]:
    """For ``/api/v1``: times in UTC seconds."""
    created, changed = repository.created_at // 1000, repository.updated_at // 1000
    item: dict[str, Any] = {
        "Id": repository.id,
        "Path": repository.owner,
        "Owner": repository.owner,
        "Namespace": repository.owner,
        "Name": repository.name,
        "Visibility": LEVELS[repository.visibility],
        "License": repository.license or "",
        "Description": repository.description,
        "Tags": repository.tags,
        "Tasks": _tasks(repository),
        "Downloads": repository.downloads_all_time,
        "Likes": repository.likes,
        "Stars": repository.likes,
        "StorageSize": repository.used_storage,
        "Revision": repository.default_branch,
        "CreatedAt": created,
        "CreatedTime": created,
        "LastModified": changed,
        "LastUpdatedTime": changed,
    }
    return item | ({"Type": GENERAL} if repository.kind == "dataset" else {})


def describe_open(repository: Repository) -> dict[str, Any]:
    """For ``/openapi/v1``."""
    return {
        "id": repository.full_name,
        "display_name": repository.name,
        "description": repository.description,
        "visibility": LEVELS[repository.visibility],
        "private": repository.visibility == "private",
        "gated": bool(repository.gated),
        "license": repository.license or "",
        "tags": repository.tags,
        "tasks": _tasks(repository),
        "downloads": repository.downloads_all_time,
        "likes": repository.likes,
        "file_size": repository.used_storage,
        "created_at": moment(repository.created_at),
        "last_modified": moment(repository.updated_at),
    }


def _tasks(repository: Repository) -> list[str]:
    named = repository.card.get("task_categories")
    found = [repository.pipeline_tag, *(named if isinstance(named, list) else [])]
    return [task for task in found if isinstance(task, str) and task]
