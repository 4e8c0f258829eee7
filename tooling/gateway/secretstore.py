"""Secrets as files that only we can read, one per name."""

import base64
import binascii
import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from shared.runtime.gateway.peers import private

NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


class Secret(BaseModel):
    """What `faas-cli secret create` sends."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")
    name: str
    namespace: str = ""
    value: str | None = None
    raw_value: str | None = None

    def content(self) -> bytes:
        """The value; rawValue is base64. ValueError when it is not."""
        if self.raw_value:
            try:
                return base64.b64decode(self.raw_value, validate=True)
            except binascii.Error:
                raise ValueError("rawValue is not base64") from None
        return (self.value or "").encode()


class SecretStore:
    """KeyError for a name that is not there, FileExistsError for one that is, ValueError for one that is no
    name.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def names(self) -> list[str]:
        """All names; values never leave."""
        return sorted(path.name for path in self.directory.iterdir()) if self.directory.is_dir() else []

    def create(self, secret: Secret) -> None:
        """Keep a new one."""
        if self.path(secret.name).exists():
            raise FileExistsError(secret.name)
        self.write(secret)

    def update(self, secret: Secret) -> None:
        """Replace one that is there."""
        self.require(secret.name)
        self.write(secret)

    def remove(self, name: str) -> None:
        """Forget one."""
        self.require(name).unlink()

    def write(self, secret: Secret) -> None:
        """The file is ours alone from its first byte on."""
        content, path = secret.content(), self.path(secret.name)
        private(self.directory)
        path.touch(mode=0o600)
        path.write_bytes(content)

    def require(self, name: str) -> Path:
        """The file of a secret that is there."""
        path = self.path(name)
        if not path.exists():
            raise KeyError(name)
        return path

    def path(self, name: str) -> Path:
        """Names are those of Kubernetes (RFC 1123), so they never lead out of the directory."""
        if not NAME.fullmatch(name) or ".." in name:
            raise ValueError("a secret's name has lower-case letters, digits, dashes and dots")
        return self.directory / name
