from pathlib import Path
from typing import Any

import pytest

from commonground.errors import InvalidSetting
from commonground.settings import Settings, describe, load


def of(**environment: str) -> Settings:
    return load(environ={f"CG_{name.upper()}": value for name, value in environment.items()})[0]


def test_later_sources_win(tmp_path: Path) -> None:
    file = tmp_path / "commonground.toml"
    file.write_text('port = 1\nhost = "0.0.0.0"\nworkers = 3\n')
    settings, explained = load({"port": 3, "host": None}, {"CG_PORT": "2", "CG_HOST": "::1"}, file)
    assert (settings.port, settings.host, settings.workers) == (3, "::1", 3)
    sources = {item.name: item.source for item in explained}
    assert (sources["port"], sources["host"], sources["workers"]) == ("flag", "environment", str(file))
    assert sources["data"] == "default"


def test_the_file_in_the_data_directory_is_read(tmp_path: Path) -> None:
    (tmp_path / "commonground.toml").write_text("port = 4242")
    assert load(environ={"CG_DATA": str(tmp_path)})[0].port == 4242


def test_an_unknown_name_in_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "commonground.toml").write_text("prot = 1")
    with pytest.raises(InvalidSetting, match="prot"):
        load({"data": tmp_path}, {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "x"),
        ("port", "0"),
        ("port", "65536"),
        ("workers", "0"),
        ("registration", "maybe"),
        ("role", "king"),
        ("public_url", "hub.example"),
        ("database_url", "mysql://a/b"),
        ("storage_url", "ftp://a"),
        ("secret_key", "short"),
        ("trusted_proxies", "10.0.0.0/8,proxy.example"),
        ("tls_cert", "/absent.pem"),
        ("tls_key", "/absent.pem"),
        ("drain_seconds", "-1"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InvalidSetting) as raised:
        of(**{name: value})
    assert raised.value.details["name"] == name


@pytest.mark.parametrize(
    ("given", "name", "expected"),
    [
        ({"trusted_proxies": "10.0.0.0/8, ::1"}, "trusted_proxies", ("10.0.0.0/8", "::1")),
        ({"database_url": "postgresql://u@h/d"}, "database_address", "postgresql+psycopg://u@h/d"),
        ({"storage_url": "s3://bucket"}, "storage_address", "s3://bucket"),
        ({"public_url": "https://hub.example"}, "secure", True),
        ({"host": "::1", "port": "1"}, "address", "http://[::1]:1"),
    ],
)
def test_right_values_are_understood(given: dict[str, str], name: str, expected: Any) -> None:
    assert getattr(of(**given), name) == expected


def test_every_setting_is_described() -> None:
    assert all(describe().values())
