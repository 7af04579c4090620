"""The routes of the S3 API under ``/s3``, path style."""

from commonground.gateways.s3 import snippets
from commonground.gateways.s3.bucket_routes import ABSENT, Buckets
from commonground.gateways.s3.callers import BASE
from commonground.gateways.s3.commits import Commits
from commonground.gateways.s3.context import Context
from commonground.gateways.s3.copying import SOURCE, Copying
from commonground.gateways.s3.errors import render_error
from commonground.gateways.s3.lists import Lists
from commonground.gateways.s3.multipart import Multipart
from commonground.gateways.s3.reading import Reading
from commonground.gateways.s3.selection import Test, asks, is_second_list, lacks, sends
from commonground.gateways.s3.writing import Writing
from commonground.http.gateway import Snippet, Use
from commonground.http.routing import Handler, Route
from commonground.services import Services

BUCKET, KEY = f"{BASE}/{{bucket}}", f"{BASE}/{{bucket}}/{{key*}}"
Row = tuple[str, Handler, str, Test | None]


class S3Gateway:
    """Repositories as buckets: read, write and list for whatever speaks S3."""

    def __init__(self, services: Services) -> None:
        context = Context(services)
        self._buckets = Buckets(context)
        self._lists = Lists(context)
        self._reading = Reading(context)
        self._writing = Writing(context, Commits(services.revisions))
        self._copying = Copying(context, self._reading, self._writing)
        self._multipart = Multipart(context, self._copying, self._writing)

    def routes(self) -> list[Route]:
        """Every operation. What is known but not offered answers ``NotImplemented``."""
        service: list[Row] = [("GET", self._buckets.list_buckets, "S3 ListBuckets", None)]
        return [*_routes(BASE, service), *_routes(BUCKET, self._of_bucket()), *_routes(KEY, self._of_object())]

    def snippets(self, use: Use) -> list[Snippet]:
        """boto3, and for tables polars and DuckDB."""
        return snippets.snippets(use)

    def _of_bucket(self) -> list[Row]:
        buckets, lists = self._buckets, self._lists
        return [
            ("GET", lists.list_objects, "S3 ListObjects", asks("")),
            ("GET", lists.list_objects_v2, "S3 ListObjectsV2", is_second_list),
            ("GET", lists.list_object_versions, "S3 ListObjectVersions", asks("versions")),
            ("GET", self._multipart.list_multipart_uploads, "S3 ListMultipartUploads", asks("uploads")),
            ("GET", buckets.get_location, "S3 GetBucketLocation", asks("location")),
            ("GET", buckets.get_versioning, "S3 GetBucketVersioning", asks("versioning")),
            ("GET", buckets.get_acl, "S3 GetBucketAcl", asks("acl")),
            ("GET", buckets.get_absent, "S3 configurations no bucket has", asks(*ABSENT)),
            ("GET", buckets.refuse, "", None),
            ("HEAD", buckets.head_bucket, "S3 HeadBucket", None),
            ("PUT", buckets.create_bucket, "S3 CreateBucket", asks("")),
            ("PUT", buckets.refuse, "", None),
            ("DELETE", buckets.delete_bucket, "S3 DeleteBucket", asks("")),
            ("DELETE", buckets.refuse, "", None),
            ("POST", self._writing.delete_objects, "S3 DeleteObjects", asks("delete")),
            ("POST", buckets.refuse, "", None),
        ]

    def _of_object(self) -> list[Row]:
        """Of rows with a test the last one is asked first."""
        buckets, multipart = self._buckets, self._multipart
        return [
            ("GET", self._reading.get_object_attributes, "S3 GetObjectAttributes", asks("attributes")),
            ("GET", multipart.list_parts, "S3 ListParts", asks("uploadId")),
            ("GET", buckets.get_tagging, "S3 GetObjectTagging", asks("tagging")),
            ("GET", buckets.get_acl, "S3 GetObjectAcl", asks("acl")),
            ("GET", self._reading.get_object, "S3 GetObject and HeadObject", asks("")),
            ("GET", buckets.refuse, "", None),
            ("PUT", self._writing.put_object, "S3 PutObject", lacks(SOURCE, "")),
            ("PUT", self._copying.copy_object, "S3 CopyObject", sends(SOURCE, "")),
            ("PUT", multipart.upload_part, "S3 UploadPart", lacks(SOURCE, "uploadId")),
            ("PUT", multipart.upload_part_copy, "S3 UploadPartCopy", sends(SOURCE, "uploadId")),
            ("PUT", buckets.refuse, "", None),
            ("DELETE", self._writing.delete_object, "S3 DeleteObject", asks("")),
            ("DELETE", multipart.abort_multipart_upload, "S3 AbortMultipartUpload", asks("uploadId")),
            ("DELETE", buckets.refuse, "", None),
            ("POST", multipart.create_multipart_upload, "S3 CreateMultipartUpload", asks("uploads")),
            ("POST", multipart.complete_multipart_upload, "S3 CompleteMultipartUpload", asks("uploadId")),
            ("POST", buckets.refuse, "", None),
        ]


def _routes(template: str, rows: list[Row]) -> list[Route]:
    return [
        Route(
            method=method,
            template=template,
            handler=handler,
            summary=summary,
            tag="s3",
            render_error=render_error,
            media_type="application/xml",
            hidden=not summary,
            when=when,
        )
        for method, handler, summary, when in rows
    ]
