"""What the local servers read from the environment: ports, a directory, and the credentials that clients must
show.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

OBJECT_STORE, MAIL, PUSH = "object-store", "mail", "push"
DIRECTORY = ".heidi/thirdparty"
PARTS = (OBJECT_STORE, MAIL, PUSH)
NEEDS = {
    OBJECT_STORE: ("S3_ACCESS_KEY", "S3_SECRET_KEY"),
    MAIL: (),
    PUSH: (
        "FIREBASE_PROJECT_ID",
        "FIREBASE_CLIENT_EMAIL",
        "FIREBASE_PRIVATE_KEY",
        "APNS_KEY",
        "APNS_KEY_ID",
        "APNS_TEAM_ID",
        "APNS_TOPIC",
    ),
}


class ConfigError(Exception):
    """Everything that is wrong with the environment, in one sentence."""


@dataclass(frozen=True, slots=True, repr=False)
class Config:
    """One field per environment variable, in lower case; ports are on THIRDPARTY_HOST, normally 127.0.0.1."""

    thirdparty_dir: Path = Path(DIRECTORY)
    thirdparty_host: str = "127.0.0.1"
    thirdparty_parts: tuple[str, ...] = PARTS
    object_store_port: int = 8082
    inbox_port: int = 8083
    push_port: int = 8084
    smtp_port: int = 8025
    s3_access_key: str = ""
    s3_secret_key: str = ""
    smtp_user: str = ""
    smtp_password: str = ""
    firebase_project_id: str = ""
    firebase_client_email: str = ""
    firebase_private_key: str = ""
    fcm_token_uri: str = ""
    apns_key: str = ""
    apns_key_id: str = ""
    apns_team_id: str = ""
    apns_topic: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Config":
        """Read and check; ConfigError names every variable that is missing or wrong."""
        found = {
            field.name: environment[field.name.upper()]
            for field in fields(cls)
            if environment.get(field.name.upper())
        }
        parts = tuple(part.strip() for part in found.pop("thirdparty_parts", ",".join(PARTS)).split(","))
        problems = [
            f"THIRDPARTY_PARTS knows {', '.join(PARTS)}, not {part!r}" for part in parts if part not in PARTS
        ]
        problems += [
            f"{name} is not set"
            for part in parts
            for name in NEEDS.get(part, ())
            if not environment.get(name)
        ]
        ports = {name: value for name, value in found.items() if name.endswith("_port")}
        problems += [
            f"{name.upper()} is not a port: {value!r}" for name, value in ports.items() if not is_port(value)
        ]
        if problems:
            raise ConfigError("The local third-party servers cannot start: " + "; ".join(problems) + ".")
        directory = Path(found.pop("thirdparty_dir", DIRECTORY))
        texts = {name: value for name, value in found.items() if name not in ports}
        return cls(
            thirdparty_dir=directory,
            thirdparty_parts=parts,
            **texts,  # type: ignore[arg-type]  # dataclasses know no ** of a mapping
            **{name: int(value) for name, value in ports.items()},  # type: ignore[arg-type]  # dataclasses know no ** of a mapping
        )


def is_port(value: str) -> bool:
    return value.isdigit() and 0 < int(value) < 65536
