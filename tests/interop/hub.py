"""The hub that all clients share, and a way to run one as a program of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.server import TOKEN, USER, Server

__all__ = ["TOKEN", "USER", "Hub", "Server"]


@dataclass
class Hub:
    """A running server and the folder in which its clients keep their caches."""

    server: Server
    access_key: str
    secret_key: str

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    def environment(self, **extra: str) -> dict[str, str]:
        """What a new user of each client would set, with empty caches."""
        made = self.server.client_environment()
        home = Path(made["HF_HOME"])
        home.mkdir(parents=True)
        return made | {
            "HOME": str(home),
            "CG_ENDPOINT": self.url,
            "CG_TOKEN": TOKEN,
            "MODELSCOPE_ENDPOINT": self.url,
            "MODELSCOPE_API_TOKEN": TOKEN,
            "MODELSCOPE_CACHE": str(home / "modelscope"),
            "AWS_ENDPOINT_URL": f"{self.url}/s3",
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
            "KAGGLE_API_ENVIRONMENT": "LOCALHOST",
            "KAGGLE_USERNAME": USER,
            "KAGGLE_KEY": TOKEN,
            "KAGGLEHUB_CACHE": str(home / "kagglehub"),
            "http_proxy": self.url if extra.pop("proxy", "") else "",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
            "GIT_LFS_SKIP_SMUDGE": "0",
            "HUB": self.url,
            "HUB_HOST": self.host,
            "HUB_USER": USER,
            "HUB_TOKEN": TOKEN,
            **extra,
        }

    def python(self, script: str, *arguments: str | Path, **extra: str) -> str:
        """Run a script with this interpreter's packages; its output."""
        return self.run([sys.executable, "-W", "ignore", "-c", script, *map(str, arguments)], **extra)

    def shell(self, script: str, *arguments: str | Path, **extra: str) -> str:
        """Run a shell script that stops at the first failure; its output."""
        return self.run(["bash", "-euo", "pipefail", "-c", script, "sh", *map(str, arguments)], **extra)

    def run(self, command: list[str], **extra: str) -> str:
        environment = os.environ | self.environment(**extra)
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=240)
        assert done.returncode == 0, f"{command[:3]}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        return done.stdout
