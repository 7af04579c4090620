"""Sending an archive of a repository, and refusals for programs that know only HTTP."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Principal
from commonground.errors import CommongroundError, RepositoryMoved
from commonground.http.addresses import moved_location
from commonground.http.files import UNTRUSTED, Content, disposition, send_file
from commonground.http.git_addresses import challenge
from commonground.http.identity import client_address
from commonground.http.responses import json_error
from commonground.hub.archives.model import MEDIA_TYPES, Archive, Format
from commonground.hub.repositories.model import Repository
from commonground.services import Services


async def send_archive(
    request: Request,
    services: Services,
    caller: Principal,
    repository: Repository,
    archive: Archive,
    form: Format,
    filename: str,
) -> Response:
    """The answer to ``GET`` or ``HEAD`` of ``archive``, by range or whole. What begins at its first byte is a download
    of the repository; what resumes one is not another.
    """
    content = Content(size=archive.size, etag=archive.etag, media_type=MEDIA_TYPES[form], read=archive.read)
    headers = {
        "X-Repo-Commit": archive.commit,
        "Content-Disposition": disposition(filename, attachment=True),
        "Access-Control-Allow-Origin": "*",
        **UNTRUSTED,
    }
    response = await send_file(request, content, headers)
    if request.method == "GET" and _is_start(response):
        who = caller.name or client_address(request, services.settings)
        await services.repositories.count_download(repository, None, who)
    return response


def render_error(request: Request, error: CommongroundError) -> Response:
    """The default envelope. What an anonymous caller does not find may be private, so they are asked who they are; an
    old id leads to the new one.
    """
    if isinstance(error, RepositoryMoved) and (location := moved_location(request, error)):
        return Response(status_code=307, headers=location)
    return json_error(request, challenge(request, error))


def _is_start(response: Response) -> bool:
    partial = response.status_code == 206 and response.headers["content-range"].startswith("bytes 0-")
    return response.status_code == 200 or partial
