"""The operations of all protocols."""

from tests.system.operations.fairseq2 import operations as fairseq2
from tests.system.operations.huggingface import operations as huggingface
from tests.system.operations.kaggle import operations as kaggle
from tests.system.operations.mcp import operations as mcp
from tests.system.operations.mlflow import operations as mlflow
from tests.system.operations.model import Operation
from tests.system.operations.modelscope import operations as modelscope
from tests.system.operations.native import operations as native
from tests.system.operations.oci import operations as oci
from tests.system.operations.s3 import operations as s3
from tests.system.operations.web import operations as web
from tests.system.operations.xet import operations as xet

AREAS = (huggingface, native, web, s3, modelscope, kaggle, mcp, oci, xet, fairseq2, mlflow)
OPERATIONS: list[Operation] = [operation for area in AREAS for operation in area()]
