"""What the gateway reads from its environment beyond the house's settings, checked once at start."""

import secrets
from functools import lru_cache
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError

from shared.kit.settings import Settings, SettingsError, secret_directories
from shared.runtime.gateway.peers import private
from tooling.stack.home import Home


class GatewaySettings(Settings):
    """Where to listen, and who may look behind the curtain."""

    gateway_host: str = "127.0.0.1"
    gateway_port: int = Field(8080, ge=0, le=65_535)
    # a function may call another one through us, and waits in its thread
    gateway_threads: int = Field(64, ge=2)
    gateway_workers: int = Field(
        1, ge=1, description="processes that answer, each with threads and pools of its own"
    )
    gateway_password: SecretStr | None = None
    callback_private_hosts: str = Field(
        "", description="hosts inside that answers of async calls may go to, comma-separated"
    )
    inbox_port: int = 8083
    heidi_home: Path = Field(default_factory=lambda: Home.here().path)

    @property
    def directory(self) -> Path:
        """What the gateway keeps: deployments, secrets, calls that wait."""
        return self.heidi_home / "gateway"

    def password(self) -> str:
        """The password of `admin`: the configured one, or one that is made once and kept in a file only we
        can read.
        """
        if self.gateway_password:
            return self.gateway_password.get_secret_value()
        path = self.directory / "password"
        if not path.exists():
            private(self.directory)
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(24) + "\n", "utf-8")
        return path.read_text("utf-8").strip()


@lru_cache
def gateway_settings() -> GatewaySettings:
    """Read the gateway's settings of this process; raises SettingsError naming every problem."""
    try:
        return GatewaySettings(_secrets_dir=secret_directories() or None)
    except ValidationError as error:
        found = error.errors(include_input=False)
        lines = [f"{'.'.join(map(str, each['loc'])).upper() or 'SETTINGS'}: {each['msg']}" for each in found]
        raise SettingsError("These settings are wrong:\n  " + "\n  ".join(lines)) from None
