"""ListBuckets, CreateBucket, HeadBucket, DeleteBucket, and what clients ask about a bucket."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Principal, Visibility
from commonground.accounts.permissions import Action
from commonground.errors import BadRequest, NotSupported, RepositoryExists, RepositoryNotEmpty
from commonground.gateways.s3.buckets import bucket_name, parse_bucket
from commonground.gateways.s3.callers import caller_of
from commonground.gateways.s3.context import Context, split_path
from commonground.gateways.s3.errors import refused
from commonground.gateways.s3.objects import xml_date
from commonground.gateways.s3.payload import Payload
from commonground.gateways.s3.xml import Content, answer
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.cursors import decode_cursor, encode_cursor
from commonground.hub.search.model import SearchQuery

BUCKETS = 1000
BODY_LIMIT = 2**16
REGION = "us-east-1"
ABSENT = {
    "policy": "NoSuchBucketPolicy",
    "cors": "NoSuchCORSConfiguration",
    "lifecycle": "NoSuchLifecycleConfiguration",
    "tagging": "NoSuchTagSet",
    "website": "NoSuchWebsiteConfiguration",
    "encryption": "ServerSideEncryptionConfigurationNotFoundError",
    "replication": "ReplicationConfigurationNotFoundError",
    "object-lock": "ObjectLockConfigurationNotFoundError",
    "publicAccessBlock": "NoSuchPublicAccessBlockConfiguration",
    "ownershipControls": "OwnershipControlsNotFoundError",
}
"""What a bucket never has, and the code that says so."""
INITIAL = frozenset({".gitattributes"})


class Buckets:
    """Repositories as buckets."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._services = context.services

    async def list_buckets(self, request: Request) -> Response:
        """The repositories of the caller and of the organisations they belong to, a page of them."""
        caller = (await caller_of(self._services, request)).principal
        given = request.query_params
        found, more = await self._owned(caller, given.get("continuation-token"))
        prefix = given.get("prefix", "")
        buckets: list[tuple[str, Content]] = [
            ("Bucket", [("Name", bucket_name(item)), ("CreationDate", xml_date(item.created_at))])
            for item in found
            if bucket_name(item).startswith(prefix)
        ]
        owned: list[tuple[str, Content]] = [("ID", caller.name), ("DisplayName", caller.name)]
        tail: list[tuple[str, Content]] = [("ContinuationToken", more)] if more else []
        return answer("ListAllMyBucketsResult", [("Owner", owned), ("Buckets", buckets), *tail])

    async def _owned(self, caller: Principal, token: str | None) -> tuple[list[Repository], str]:
        """A page of the repositories of the caller and their organisations, and the token of the next."""
        at, cursor = _continued(token)
        if caller.account_id is None:
            return [], ""
        organizations = await self._services.accounts.organizations_of(caller.account_id)
        owners = [caller.name, *(organization.name for organization, _ in organizations)]
        found: list[Repository] = []
        for number, owner in list(enumerate(owners))[at:]:
            query = SearchQuery(author=owner, sort="createdAt", limit=BUCKETS - len(found), cursor=cursor or None)
            page = await self._services.repositories.list(caller, query)
            found, cursor = found + page.items, page.cursor or ""
            if cursor:
                return found, encode_cursor((number, cursor))
            if len(found) == BUCKETS and number + 1 < len(owners):
                return found, encode_cursor((number + 1, ""))
        return found, ""

    async def create_bucket(self, request: Request) -> Response:
        """A new repository, private or public as ``x-amz-acl`` says, else as its owner's default."""
        caller = await caller_of(self._services, request)
        text, key = split_path(request)
        bucket = parse_bucket(text)
        if key or bucket.revision:
            raise refused("InvalidBucketName", "a new bucket is called owner.name")
        await Payload(request, caller).read(BODY_LIMIT)
        acl = request.headers.get("x-amz-acl")
        visibility: Visibility | None = None if acl is None else "private" if acl == "private" else "public"
        try:
            await self._services.repositories.create(
                caller.principal, bucket.kind, bucket.owner, bucket.name, visibility=visibility
            )
        except RepositoryExists:
            await self._context.repository(caller.principal, bucket, Action.WRITE)
            raise RepositoryExists(kind=bucket.kind, repository=text, s3="BucketAlreadyOwnedByYou") from None
        return Response(headers={"Location": f"/{text}"})

    async def delete_bucket(self, request: Request) -> Response:
        """Remove a repository with one branch and no files but the first one; :class:`RepositoryNotEmpty`."""
        place = await self._context.open(request, Action.DELETE)
        if parse_bucket(request.path_params["bucket"]).revision:
            raise NotSupported(feature="Deleting a branch through S3")
        page = await self._services.revisions.tree(place.repository, place.revision, limit=len(INITIAL) + 1)
        refs = await self._services.revisions.refs(place.repository)
        if {entry.path for entry in page.items} - INITIAL or len(refs) > 1:
            raise RepositoryNotEmpty(repository=place.repository.full_name)
        await self._services.repositories.delete(place.principal, place.repository)
        return Response(status_code=204)

    async def head_bucket(self, request: Request) -> Response:
        """Whether the caller may read the bucket."""
        await self._context.open(request, Action.READ)
        return Response(headers={"x-amz-bucket-region": REGION})

    async def get_location(self, request: Request) -> Response:
        """The region, which is nowhere: any region signs."""
        await self._context.open(request, Action.READ)
        return answer("LocationConstraint", "")

    async def get_versioning(self, request: Request) -> Response:
        """Every write is a commit, so versions are always on."""
        await self._context.open(request, Action.READ)
        return answer("VersioningConfiguration", [("Status", "Enabled")])

    async def get_acl(self, request: Request) -> Response:
        """The owner has all rights; who else may do what is said on the repository's page."""
        place = await self._context.open(request, Action.READ)
        owner: list[tuple[str, Content]] = [("ID", place.repository.owner), ("DisplayName", place.repository.owner)]
        return answer("AccessControlPolicy", [("Owner", owner), ("AccessControlList", [])])

    async def get_absent(self, request: Request) -> Response:
        """What no bucket here has."""
        await self._context.open(request, Action.READ)
        name = next(name for name in ABSENT if name in request.query_params)
        raise refused(ABSENT[name], f"the bucket has no {name}", 404)

    async def get_tagging(self, request: Request) -> Response:
        """No tags: what is said about a file stands in the card."""
        await self._context.open(request, Action.READ)
        return answer("Tagging", [("TagSet", [])])

    async def refuse(self, request: Request) -> Response:
        """What this server does not offer; who may not know the bucket learns only that it is not there."""
        await self._context.open(request, Action.READ)
        raise NotSupported(feature="This part of the S3 API")


def _continued(token: str | None) -> tuple[int, str]:
    if token is None:
        return 0, ""
    try:
        at, cursor = decode_cursor(token, tuple[int, str])
    except BadRequest:
        at, cursor = -1, ""
    if at < 0:
        raise refused("InvalidArgument", "the continuation token is not one of this server")
    return at, cursor
