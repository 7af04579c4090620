"""What callers do to a repository that the path of a route does not name by owner and name, protocol by protocol."""

from tests.system.operations import fairseq2, huggingface, kaggle, mcp, modelscope, native, oci, s3, web, xet
from tests.system.operations.model import Operation

AREAS = (huggingface, native, web, s3, modelscope, kaggle, mcp, oci, xet, fairseq2)
OPERATIONS: list[Operation] = [operation for area in AREAS for operation in area.operations()]
