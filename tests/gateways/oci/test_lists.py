"""Long lists, and what the page of a repository shows."""

from commonground.gateways.oci.lists import REFERRERS_AT_ONCE
from commonground.gateways.oci.snippets import snippets
from commonground.http.gateway import Use
from tests.gateways.oci.registry import INDEX, MANIFEST, Registry, descriptor, encoded
from tests.gateways.oci.test_names import repository


def test_referrers_come_in_pages(registry: Registry) -> None:
    subject = descriptor(b"a manifest", MANIFEST)
    count = REFERRERS_AT_ONCE + 1
    for number in range(count):
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [], "subject": subject, "artifactType": "a/b"}
        body = encoded(index | {"annotations": {"n": str(number)}})
        assert registry.push(descriptor(body, INDEX)["digest"], body, INDEX).status_code == 201
    found, address = set(), f"v2/{registry.name}/referrers/{subject['digest']}?artifactType=a%2Fb"
    while address:
        answer = registry.http.get(address)
        assert answer.headers["OCI-Filters-Applied"] == "artifactType"
        found |= {item["annotations"]["n"] for item in answer.json()["manifests"]}
        address = answer.links.get("next", {}).get("url", "")
    assert found == {str(number) for number in range(count)}


def test_snippets_name_the_repository() -> None:
    use = Use(repository=repository("Ada", "Rows", "dataset"), origin="https://hub.example")
    oras, skopeo = snippets(use)
    assert oras.code == "oras pull hub.example/datasets/ada/rows:main\n"
    assert "docker://hub.example/datasets/ada/rows:main oci:Rows:main" in skopeo.code
    plain = snippets(Use(repository=repository("ada", "tiny"), origin="http://127.0.0.1:8000"))
    assert plain[0].code == "oras pull --plain-http 127.0.0.1:8000/ada/tiny:main\n"
    assert "--src-tls-verify=false" in plain[1].code
    assert snippets(Use(repository=repository("ada", "_x"), origin="http://h")) == []
    assert snippets(Use(repository=repository("ada", "x"), origin="http://h/base")) == []
