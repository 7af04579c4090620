"""The JavaScript client, @huggingface/hub, unmodified."""

import json

import pytest
from bench.server import USER

from tests.engines.conftest import Script

ROUND_TRIP = """
import { createRepo, uploadFiles, listFiles, downloadFile, fileDownloadInfo, deleteRepo, whoAmI, commit } from "@huggingface/hub";
const hubUrl = process.env.HF_ENDPOINT, accessToken = process.env.HF_TOKEN;
const repo = { type: "model", name: "USER/js" };
const who = await whoAmI({ hubUrl, accessToken });
await createRepo({ repo, hubUrl, accessToken });
const big = new Uint8Array(11_000_000).map((_, i) => (i * 2654435761) >>> 13);
await uploadFiles({ repo, hubUrl, accessToken, useXet: USEXET, files: [
  { path: "a/note.txt", content: new Blob(["hello"]) }, { path: "weights.bin", content: new Blob([big]) } ] });
const files = [];
for await (const file of listFiles({ repo, hubUrl, accessToken, recursive: true })) files.push([file.path, file.size]);
const blob = await downloadFile({ repo, hubUrl, accessToken, path: "weights.bin" });
const got = new Uint8Array(await blob.arrayBuffer());
let same = got.length === big.length;
for (let i = 0; same && i < got.length; i += 997) same = got[i] === big[i];
await deleteRepo({ repo, hubUrl, accessToken });
console.log(JSON.stringify({ name: who.name, files: files.filter(([path]) => !path.startsWith(".")), same }));
"""


@pytest.mark.parametrize("use_xet", ["true", "false"])
def test_create_upload_list_download_delete(node: Script, use_xet: str) -> None:
    script = ROUND_TRIP.replace("USEXET", use_xet).replace("USER", USER)
    answer = json.loads(node(script).splitlines()[-1])
    assert answer["name"] == USER
    assert ["weights.bin", 11_000_000] in answer["files"]
    assert ["a/note.txt", 5] in answer["files"]
    assert answer["same"]
