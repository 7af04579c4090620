"""boto3, unmodified, against a real server: what people do every day, over HTTP and HTTPS."""

import io
import secrets
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from bench.server import TOKEN, Server
from boto3.s3.transfer import TransferConfig
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from commonground.sdk.hub import Hub
from tests.gateways.s3.conftest import Endpoint

PARTS = TransferConfig(multipart_threshold=6 * 2**20, multipart_chunksize=5 * 2**20)


def client(endpoint: Endpoint, **config: Any) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=endpoint.address,
        region_name="us-east-1",
        aws_access_key_id=endpoint.key,
        aws_secret_access_key=endpoint.secret,
        config=Config(retries={"max_attempts": 1}, **config),
    )


@pytest.fixture
def s3(endpoint: Endpoint) -> Any:
    return client(endpoint)


@pytest.fixture
def bucket(endpoint: Endpoint) -> str:
    return endpoint.create(f"b-{secrets.token_hex(4)}")


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_put_get_head_delete(s3: Any, bucket: str) -> None:
    made = s3.put_object(Bucket=bucket, Key="a/b c+ü.txt", Body=b"hello", ContentType="text/plain")
    found = s3.get_object(Bucket=bucket, Key="a/b c+ü.txt")
    assert found["Body"].read() == b"hello"
    assert (found["ETag"], found["VersionId"]) == (made["ETag"], made["VersionId"])
    assert s3.head_object(Bucket=bucket, Key="a/b c+ü.txt")["ContentLength"] == 5
    assert s3.get_object(Bucket=bucket, Key="a/b c+ü.txt", Range="bytes=1-2")["Body"].read() == b"el"
    s3.delete_object(Bucket=bucket, Key="a/b c+ü.txt")
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket=bucket, Key="a/b c+ü.txt")
    assert code(error) == "NoSuchKey"
    assert s3.get_object(Bucket=bucket, Key="a/b c+ü.txt", VersionId=made["VersionId"])["Body"].read() == b"hello"


def test_a_large_file_goes_up_in_parts_and_comes_down_in_ranges(s3: Any, bucket: str, tmp_path: Path) -> None:
    source, target = tmp_path / "up", tmp_path / "down"
    source.write_bytes(secrets.token_bytes(16 * 2**20 + 7))
    s3.upload_file(str(source), bucket, "m.safetensors", Config=PARTS)
    s3.download_file(bucket, "m.safetensors", str(target), Config=PARTS)
    assert target.read_bytes() == source.read_bytes()
    body = io.BytesIO()
    s3.download_fileobj(bucket, "m.safetensors", body)
    assert body.getvalue() == source.read_bytes()
    s3.copy({"Bucket": bucket, "Key": "m.safetensors"}, bucket, "copy.bin", Config=PARTS)
    assert (
        s3.head_object(Bucket=bucket, Key="copy.bin")["ETag"]
        == s3.head_object(Bucket=bucket, Key="m.safetensors")["ETag"]
    )


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_checksums(s3: Any, bucket: str, algorithm: str) -> None:
    made = s3.put_object(Bucket=bucket, Key="a.bin", Body=b"a\0b", ChecksumAlgorithm=algorithm)
    assert made[f"Checksum{algorithm}"]
    assert s3.get_object(Bucket=bucket, Key="a.bin", ChecksumMode="ENABLED")["Body"].read() == b"a\0b"


def test_lists_pages_and_delete_many(s3: Any, bucket: str) -> None:
    keys = sorted([f"data/{number:02}.csv" for number in range(12)] + ["top.txt", ".gitattributes"])
    for key in keys:
        if key != ".gitattributes":
            s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    for operation in ("list_objects_v2", "list_objects"):
        pages = s3.get_paginator(operation).paginate(Bucket=bucket, PaginationConfig={"PageSize": 5})
        assert [item["Key"] for page in pages for item in page["Contents"]] == keys
        top = s3.get_paginator(operation).paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 1})
        assert [item["Prefix"] for page in top for item in page.get("CommonPrefixes", [])] == ["data/"]
    assert {item["Key"] for item in s3.list_object_versions(Bucket=bucket)["Versions"]} == set(keys)
    gone = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in [*keys[1:], "absent"]]})
    assert len(gone["Deleted"]) == len(keys)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 1


@pytest.mark.parametrize("version", [None, "s3v4"])
def test_presigned_addresses(endpoint: Endpoint, bucket: str, version: str | None) -> None:
    s3 = client(endpoint, **({"signature_version": version} if version else {}))
    s3.put_object(Bucket=bucket, Key="a b.txt", Body=b"hello")
    given = {"Bucket": bucket, "Key": "a b.txt", "ResponseContentDisposition": "attachment"}
    with urllib.request.urlopen(s3.generate_presigned_url("get_object", Params=given)) as answer:
        assert (answer.read(), answer.headers["Content-Disposition"]) == (b"hello", "attachment")
    url = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "new.bin"})
    urllib.request.urlopen(urllib.request.Request(url, b"a\0b", {"Content-Type": ""}, method="PUT")).close()
    assert s3.get_object(Bucket=bucket, Key="new.bin")["Body"].read() == b"a\0b"


def test_conditional_writes(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="lock", Body=b"1", IfNoneMatch="*")
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket=bucket, Key="lock", Body=b"2", IfNoneMatch="*")
    assert code(error) == "PreconditionFailed"


def test_buckets(s3: Any, endpoint: Endpoint) -> None:
    name = f"{endpoint.owner}.new-{secrets.token_hex(4)}"
    s3.create_bucket(Bucket=name, ACL="private")
    assert name in {item["Name"] for item in s3.list_buckets()["Buckets"]}
    s3.head_bucket(Bucket=name)
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] is None
    assert s3.get_bucket_acl(Bucket=name)["Owner"]["ID"] == endpoint.owner
    with pytest.raises(ClientError) as error:
        s3.put_bucket_policy(Bucket=name, Policy="{}")
    assert code(error) == "NotImplemented"
    s3.delete_bucket(Bucket=name)
    with pytest.raises(ClientError) as error:
        s3.list_objects_v2(Bucket=name)
    assert code(error) == "NoSuchBucket"


def test_uploads_under_way(s3: Any, bucket: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="m.bin")["UploadId"]
    tag = s3.upload_part(Bucket=bucket, Key="m.bin", UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    assert [item["UploadId"] for item in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [upload]
    assert [item["ETag"] for item in s3.list_parts(Bucket=bucket, Key="m.bin", UploadId=upload)["Parts"]] == [tag]
    s3.abort_multipart_upload(Bucket=bucket, Key="m.bin", UploadId=upload)
    with pytest.raises(ClientError) as error:
        s3.list_parts(Bucket=bucket, Key="m.bin", UploadId=upload)
    assert code(error) == "NoSuchUpload"


def test_without_keys_what_is_public(endpoint: Endpoint) -> None:
    public, private = (
        endpoint.create(f"{word}-{secrets.token_hex(4)}", visibility=word) for word in ("public", "private")
    )
    client(endpoint).put_object(Bucket=public, Key="a.txt", Body=b"x")
    nobody = client(endpoint, signature_version=UNSIGNED)
    assert nobody.get_object(Bucket=public, Key="a.txt")["Body"].read() == b"x"
    with pytest.raises(ClientError) as error:
        nobody.list_objects_v2(Bucket=private)
    assert code(error) == "NoSuchBucket"
    with pytest.raises(ClientError) as error:
        nobody.put_object(Bucket=public, Key="b")
    assert code(error) == "AccessDenied"


def test_what_was_written_here_is_read_elsewhere(s3: Any, endpoint: Endpoint, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="w.safetensors", Body=b"a\0b")
    name = bucket.partition(".")[2].replace(".", "/", 1)
    with Hub(endpoint.url, TOKEN) as hub, hub.open(f"hub://datasets/{name}/w.safetensors") as file:
        assert file.read() == b"a\0b"
    clone = endpoint.http.get(f"/datasets/{name}/resolve/main/w.safetensors")
    assert clone.content == b"a\0b"


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Endpoint, Path]]:
    """A server with a certificate of its own: over HTTPS the client sends checksums behind the body."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += [
        "-keyout",
        str(key),
        "-out",
        str(cert),
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ]
    subprocess.run(command, check=True, capture_output=True)
    with Server() as server:
        server.stop()
        (server.data / "commonground.toml").write_text(f'tls_cert = "{cert}"\ntls_key = "{key}"\n')
        server.start()
        url = server.url.replace("http:", "https:")

        context = ssl.create_default_context(cafile=str(cert))
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}, verify=context) as http:
            pair = http.post("/api/cg/v1/me/access-keys", json={}).json()
            yield Endpoint(url, pair["id"], pair["secret"], "bench", http), cert


def test_trailing_checksums_over_https(secure: tuple[Endpoint, Path], tmp_path: Path) -> None:
    endpoint, cert = secure
    bucket = endpoint.create("tls")
    s3 = boto3.client(
        "s3",
        endpoint_url=endpoint.address,
        region_name="us-east-1",
        aws_access_key_id=endpoint.key,
        aws_secret_access_key=endpoint.secret,
        verify=str(cert),
    )
    sent: set[bytes | str] = set()
    s3.meta.events.register("before-send.s3", lambda request, **_: sent.add(request.headers["x-amz-content-sha256"]))
    source = tmp_path / "up"
    source.write_bytes(secrets.token_bytes(11 * 2**20))
    s3.upload_file(str(source), bucket, "m.bin", Config=PARTS)
    s3.put_object(Bucket=bucket, Key="a.txt", Body=io.BytesIO(b"text"))
    assert s3.get_object(Bucket=bucket, Key="m.bin")["Body"].read() == source.read_bytes()
    assert b"STREAMING-UNSIGNED-PAYLOAD-TRAILER" in sent
