"""How to use a repository as a bucket."""

from commonground.gateways.s3.buckets import bucket_name
from commonground.gateways.s3.callers import BASE
from commonground.http.gateway import Snippet, Use

_TABLES = ("parquet", "csv")
REGION = "us-east-1"
KEYS = 'eval "$(commonground access-key)"'


def snippets(use: Use) -> list[Snippet]:
    """boto3 and the aws command; polars and DuckDB where there is a table at the root."""
    table = next((path for path in sorted(use.paths) if path.endswith(tuple(f".{kind}" for kind in _TABLES))), None)
    tools = [_boto3(use), _aws(use)]
    return [*([_polars(use, table), _duckdb(use, table)] if table else []), *tools]


def _boto3(use: Use) -> Snippet:
    bucket = bucket_name(use.repository)
    code = (
        f"import boto3  # keys in the environment: {KEYS}\n\n"
        f's3 = boto3.client("s3", endpoint_url="{use.origin}{BASE}", region_name="{REGION}")\n'
        f'for item in s3.list_objects_v2(Bucket="{bucket}")["Contents"]:\n'
        f'    print(item["Key"], item["Size"])\n'
    )
    return Snippet("boto3", "python", code)


def _aws(use: Use) -> Snippet:
    code = f"{KEYS}\naws --endpoint-url {use.origin}{BASE} s3 sync s3://{bucket_name(use.repository)} .\n"
    return Snippet("aws", "bash", code)


def _polars(use: Use, table: str) -> Snippet:
    kind = table.rpartition(".")[2]
    http = ', "aws_allow_http": "true"' if use.origin.startswith("http:") else ""
    code = (
        f"import polars as pl  # keys in the environment: {KEYS}\n\n"
        f'options = {{"aws_endpoint_url": "{use.origin}{BASE}", "aws_region": "{REGION}"{http}}}\n'
        f'frame = pl.scan_{kind}("s3://{bucket_name(use.repository)}/{table}", storage_options=options).collect()\n'
    )
    return Snippet("Polars", "python", code)


def _duckdb(use: Use, table: str) -> Snippet:
    scheme, _, host = use.origin.partition("://")
    code = (
        f"import os  # keys in the environment: {KEYS}\n\nimport duckdb\n\n"
        'duckdb.sql(f"""CREATE SECRET hub (TYPE s3, KEY_ID \'{os.environ["AWS_ACCESS_KEY_ID"]}\',\n'
        "    SECRET '{os.environ[\"AWS_SECRET_ACCESS_KEY\"]}',\n"
        f"    ENDPOINT '{host}{BASE}', URL_STYLE 'path', USE_SSL {str(scheme == 'https').lower()}, REGION '{REGION}')\"\"\")\n"
        f"duckdb.sql(\"FROM 's3://{bucket_name(use.repository)}/{table}'\").show()\n"
    )
    return Snippet("DuckDB", "python", code)
