"""The messages of Kaggle's services: what ``kagglesdk`` sends and reads. Names on the wire are in camel case; what the
client leaves out has the default.
"""

from typing import Annotated

import msgspec

NAME_LIMIT = 255
PAGE_LIMIT = 200

_NO_NUL = r"\A[^\x00]*\Z"  # PostgreSQL cannot even be asked for one
Text = Annotated[str, msgspec.Meta(max_length=10_000, pattern=_NO_NUL)]
Name = Annotated[str, msgspec.Meta(max_length=NAME_LIMIT, pattern=_NO_NUL)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Message(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A message of any service."""


class NewFile(Message, frozen=True, kw_only=True):
    """An uploaded file: the token its upload was begun with."""

    token: Name | None = None


class Directory(Message, frozen=True, kw_only=True):
    """A folder of an upload."""

    name: Name = ""
    files: list[NewFile] = []
    directories: "list[Directory]" = []


# --- blobs.BlobApiService -------------------------------------------------------------------------------------------


class StartBlobUploadRequest(Message, frozen=True, kw_only=True):
    """A file about to be sent; its length is in bytes."""

    name: Name = ""
    content_length: Count = 0


class StartBlobUploadResponse(Message, frozen=True, kw_only=True):
    """Where to send it, and what to call it later."""

    token: str
    create_url: str


# --- models.ModelApiService -----------------------------------------------------------------------------------------


class ModelRequest(Message, frozen=True, kw_only=True):
    """A model: an owner and a name."""

    owner_slug: Name = ""
    model_slug: Name = ""


class InstanceRequest(ModelRequest, frozen=True, kw_only=True):
    """A variation of a model, with the framework as the client's enumeration names it."""

    framework: Name = ""
    instance_slug: Name = ""


class FilesRequest(InstanceRequest, frozen=True, kw_only=True):
    """A part of the list of a version's files; without a version, the newest."""

    version_number: Count | None = None
    page_size: Count | None = None
    page_token: Text | None = None


class DownloadModelRequest(InstanceRequest, frozen=True, kw_only=True):
    """A version, or one file of it."""

    version_number: Count = 0
    path: Text | None = None


class CreateModelRequest(Message, frozen=True, kw_only=True):
    """A model to create."""

    owner_slug: Name = ""
    slug: Name = ""
    is_private: bool | None = None


class NewInstance(Directory, frozen=True, kw_only=True):
    """A variation, and the files of its first version."""

    instance_slug: Name = ""
    framework: Name = ""
    license_name: Text | None = None


class CreateInstanceRequest(ModelRequest, frozen=True, kw_only=True):
    """A variation to create."""

    body: NewInstance = NewInstance()


class NewVersion(Directory, frozen=True, kw_only=True):
    """The files of a version."""

    version_notes: Text | None = None


class CreateInstanceVersionRequest(InstanceRequest, frozen=True, kw_only=True):
    """A version to add to a variation."""

    body: NewVersion = NewVersion()


class Model(Message, frozen=True, kw_only=True):
    """A model as the client reads it."""

    id: int
    ref: str
    title: str
    author: str
    slug: str
    is_private: bool
    description: str
    url: str
    vote_count: int


class ModelInstance(Message, frozen=True, kw_only=True):
    """A variation as the client reads it."""

    id: int
    slug: str
    framework: str
    version_number: int
    url: str
    license_name: str


class ModelFile(Message, frozen=True, kw_only=True):
    """A file of a version; ``size`` is in bytes."""

    name: str
    size: int = 0


class FilesResponse(Message, frozen=True, kw_only=True):
    """Files of a version. A token means that there are more."""

    files: list[ModelFile]
    next_page_token: str = ""


# --- datasets.DatasetApiService -------------------------------------------------------------------------------------


class DatasetRequest(Message, frozen=True, kw_only=True):
    """A data set: an owner and a name."""

    owner_slug: Name = ""
    dataset_slug: Name = ""


class DownloadDatasetRequest(DatasetRequest, frozen=True, kw_only=True):
    """A version, the newest unless it is named, or one file of it."""

    file_name: Text | None = None
    dataset_version_number: Count | None = None


class CreateDatasetRequest(Directory, frozen=True, kw_only=True):
    """A data set to create, with the files of its first version."""

    owner_slug: Name | None = None
    slug: Name | None = None
    license_name: Text | None = None
    is_private: bool = False


class CreateDatasetVersionRequest(DatasetRequest, frozen=True, kw_only=True):
    """A version to add to a data set."""

    body: NewVersion = NewVersion()


class Dataset(Message, frozen=True, kw_only=True):
    """A data set as the client reads it."""

    id: int
    ref: str
    title: str
    url: str
    is_private: bool
    license_name: str
    description: str
    owner_name: str
    total_bytes: int
    download_count: int
    vote_count: int
    current_version_number: int


# --- answers to what changes something ------------------------------------------------------------------------------


class Created(Message, frozen=True, kw_only=True):
    """What was created."""

    ref: str
    url: str


class Refused(Message, frozen=True, kw_only=True):
    """Why nothing was. The client makes a new version where the code, which data sets do not know, is 409."""

    error: str
    error_code: int


class Hello(Message, frozen=True, kw_only=True):
    """Whose credentials the request had."""

    user_name: str
