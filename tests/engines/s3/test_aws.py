"""The aws command: sync both ways, and what it does about time stamps."""

import json

from tests.engines.s3.conftest import Run

SYNC = """
import json, os, pathlib, subprocess, sys, tempfile, time
aws = lambda *words: subprocess.run([str(pathlib.Path(sys.executable).with_name("aws")), "s3", *words], check=True,
                                    capture_output=True, text=True).stdout
up, down = pathlib.Path(tempfile.mkdtemp()), pathlib.Path(tempfile.mkdtemp())
(up / "data").mkdir()
(up / "data" / "a.csv").write_text("a,b\\n1,2\\n")
(up / "big.bin").write_bytes(os.urandom(20 * 2**20))
for file in (up / "data" / "a.csv", up / "big.bin"):  # commits have whole seconds: what is as young is sent again
    os.utime(file, (time.time() - 10, time.time() - 10))
first = aws("sync", str(up), f"s3://{BUCKET}")
again = aws("sync", str(up), f"s3://{BUCKET}")
aws("sync", f"s3://{BUCKET}", str(down))
same = (down / "big.bin").read_bytes() == (up / "big.bin").read_bytes()
listed = [line.split()[-1] for line in aws("ls", f"s3://{BUCKET}/").splitlines()]
aws("mv", f"s3://{BUCKET}/data/a.csv", f"s3://{BUCKET}/b.csv")
aws("rm", f"s3://{BUCKET}/big.bin")
left = [line.split()[-1] for line in aws("ls", "--recursive", f"s3://{BUCKET}/").splitlines()]
print(json.dumps([first.count("upload:"), again.count("upload:"), same, listed, left]))
"""


def test_a_folder_is_synchronised_both_ways(run: Run) -> None:
    assert json.loads(run(SYNC)) == [
        2,
        0,
        True,
        ["data/", ".gitattributes", "big.bin"],
        [".gitattributes", "b.csv"],
    ]
