"""Settings from the environment, then mounted files, then defaults; checked at start, every problem named at
once.
"""

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import (
    AliasChoices,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

MOUNTS = ("/etc/heidi", "/run/secrets", "/var/openfaas/secrets")
DEVELOPMENT_SECRET = "only-for-a-laptop-0123456789abcdef0123456789"  # noqa: S105 (refused in production below)
OURS = (
    "jwt_secret",
    "jwt_refresh_secret",
    "encryption_key",
    "letter_key",
    "broker_token",
    "publish_token",
    "internal_token",
    "postgres_roles_secret",
)  # of any process that is given them
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(value: object) -> object:
    """Durations as in requirements Appendix B: `15m`, `2h`, `30d`, or plain seconds."""
    if isinstance(value, str) and value[-1:] in UNITS and value[:-1].isdigit():
        return int(value[:-1]) * UNITS[value[-1]]
    return value


def between_commas(value: object) -> object:
    """Take `https://a.example, https://b.example` apart."""
    return (
        [part.strip().rstrip("/") for part in value.split(",") if part.strip()]
        if isinstance(value, str)
        else value
    )


Duration = Annotated[int, BeforeValidator(seconds), Field(gt=0)]


class Settings(BaseSettings):
    """One field per variable of requirements Appendix B; the names are the variables' in lower case."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)

    environment: Literal["local", "test", "production"] = "local"
    public_url: str = "http://127.0.0.1:8080"
    base_domain: str = "localhost"
    console_url: str | None = Field(
        None, description="where the web console is served: https://heidi.example/console; nowhere if unset"
    )
    trust_forwarded_for: bool = False
    client_address_header: str = Field(
        "x-forwarded-for", pattern="^[A-Za-z0-9-]+$", description="of the proxy that is trusted"
    )
    log_level: Literal["DEBUG", "INFO", "WARN", "ERROR"] = "INFO"

    otel_exporter_otlp_endpoint: str | None = Field(
        None, description="where telemetry goes: http://collector:4318"
    )
    otel_metrics_exporter: str = Field(
        "none", description="`otlp` where nobody can read /metrics: functions that scale to zero"
    )
    trace_sample_ratio: float = Field(0.1, ge=0, le=1)
    sentry_dsn: SecretStr | None = None

    database_url: str | None = None
    postgres_host: str = "127.0.0.1"
    postgres_port: int = 5432
    postgres_user: str = Field(
        "heidi_app", description="of this function's service; on a server of your own the one role of all"
    )
    postgres_password: SecretStr = SecretStr("")
    postgres_roles_secret: SecretStr | None = Field(
        None, description="makes each service's password where one process has all"
    )
    postgres_owner: str = "heidi_owner"
    postgres_owner_password: SecretStr = SecretStr("")
    postgres_relay: str = "heidi_relay"
    postgres_relay_password: SecretStr = SecretStr("")
    postgres_database_prefix: str = "heidi_"
    postgres_statement_timeout: Duration = 15
    postgres_pool_size: int = Field(16, ge=1)
    postgres_pool_patience: float = Field(
        0.5, ge=0, le=5, description="seconds that a call waits while all connections are lent"
    )
    postgres_prepared: bool = Field(
        True, description="false behind a PgBouncer before 1.21, which loses named statements"
    )

    redis_url: str = "redis://127.0.0.1:6379/0"
    redis_password: SecretStr | None = None

    jwt_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    jwt_keys: SecretStr | None = Field(
        None, description="a JWKS document, whose keys check access tokens: public parts do"
    )
    jwt_signing_keys: SecretStr | None = Field(
        None, description="as JWT_KEYS with private parts, for who signs; else JWT_KEYS"
    )
    jwt_refresh_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET[::-1])
    jwt_expiration: Duration = 2 * 3600
    jwt_refresh_expiration: Duration = 30 * 86400
    bcrypt_rounds: int = Field(12, ge=4, le=16)
    encryption_key: SecretStr = Field(
        SecretStr(DEVELOPMENT_SECRET), description="one or more, comma-separated: the first seals"
    )
    letter_key: SecretStr = Field(
        SecretStr(DEVELOPMENT_SECRET), description="as ENCRYPTION_KEY, for links on their way to mails"
    )
    require_second_factor_of_platform: bool = False

    broker_url: str = Field("http://127.0.0.1:8081", validation_alias=AliasChoices("BROKER_URL", "K_SINK"))
    broker_token: SecretStr = Field(
        SecretStr(DEVELOPMENT_SECRET), description="one or more, comma-separated: the first is sent"
    )
    broker_token_hashes: str = Field(
        "", description="SHA-256 of each, in hex: functions need no more; else made of BROKER_TOKEN"
    )
    publish_token: SecretStr | None = Field(
        None, description="with which functions publish events; else BROKER_TOKEN"
    )
    internal_token: SecretStr | None = Field(
        None, description="with which functions ask each other; else BROKER_TOKEN"
    )
    gateway_url: str = "http://127.0.0.1:8080"
    events_url: str | None = Field(
        None, description="where functions take events, by name; else GATEWAY_URL/function"
    )

    cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(between_commas)] = Field(
        (),
        description="web pages that may call, beside those of BASE_DOMAIN and of registered apps, comma-separated",
    )
    busy_after: float = Field(
        10.0, gt=0, description="seconds that events may wait before calls that cause more are refused"
    )
    rate_limit_tenant: int = Field(1000, ge=1)
    rate_limit_user: int = Field(100, ge=1)
    rate_limit_ip: int = Field(50, ge=1)
    max_json_bytes: int = 1024 * 1024
    max_upload_bytes: int = 10 * 1024 * 1024
    max_document_bytes: int = 50 * 1024 * 1024

    clamd_address: str | None = Field(
        None, pattern=r"^(/.+|.+:\d+)$", description="of a virus scanner: host:port, or a path"
    )

    s3_endpoint: str | None = None
    s3_bucket: str = "heidi-assets"
    s3_access_key: str = ""
    s3_secret_key: SecretStr = SecretStr("")
    s3_region: str = "eu-central-1"
    s3_sse: Literal["", "AES256", "aws:kms"] = Field(
        "", description="how the object store is asked to encrypt what it keeps"
    )
    s3_sse_key: str = Field(
        "", description="which key of its KMS, where S3_SSE is aws:kms; its own where none is named"
    )

    smtp_host: str = "127.0.0.1"
    smtp_port: int = 587
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    email_from: str = "noreply@heidi-app.de"

    firebase_project_id: str | None = None
    firebase_client_email: str | None = None
    firebase_private_key: SecretStr | None = None
    fcm_endpoint: str = "https://fcm.googleapis.com"
    fcm_token_uri: str = "https://oauth2.googleapis.com/token"  # noqa: S105 (an address)
    vapid_private_key: SecretStr | None = Field(
        None, description="of Web Push: `./heidi keys vapid` makes it and its public part"
    )
    vapid_public_key: str | None = Field(
        None, pattern=r"^[A-Za-z0-9_-]{87}$", description="of Web Push, which apps are given"
    )
    webpush_private_hosts: str = Field(
        "", description="hosts in private networks that are push services, comma-separated"
    )
    apns_endpoint: str = "https://api.push.apple.com"
    apns_key: SecretStr | None = None
    apns_key_id: str | None = None
    apns_team_id: str | None = None
    apns_topic: str | None = None

    openai_api_key: SecretStr | None = None
    openai_base_url: str | None = None
    openai_chat_model: str = "gpt-4o-mini"
    openai_embedding_model: str = "text-embedding-3-small"
    scrape_private_hosts: str = Field(
        "", description="hosts in private networks that the chatbot may read, comma-separated"
    )
    pinecone_api_key: SecretStr | None = None
    pinecone_host: str | None = None

    dns_resolver: str | None = Field(
        None, pattern=r"^[0-9a-fA-F.:]+:\d{1,5}$", description="address:port; else the machine's own"
    )

    @property
    def events_address(self) -> str:
        """Where the platform itself hands events to functions: at /<name>."""
        return (self.events_url or f"{self.gateway_url}/function").rstrip("/")

    @field_validator("jwt_keys", "jwt_signing_keys")
    @classmethod
    def keys_are_complete(cls, keys: SecretStr | None) -> SecretStr | None:
        """Refuse a JWKS document that is malformed, ambiguous or weak, in production and elsewhere."""
        if keys:
            from shared.kit.jwks import parse

            parse(keys.get_secret_value())
        return keys

    @model_validator(mode="after")
    def production_has_its_own_secrets(self) -> Self:
        """Refuse to start in production with a secret that everybody knows or that is too short (RFC 7518
        §3.2).

        That one is missing is seen where it is known what a process needs (shared/runtime/required_secrets.py).
        """
        if self.environment == "production":
            secrets = {
                name: getattr(self, name).get_secret_value() for name in OURS if name in self.model_fields_set
            }
            if weak := [
                name.upper() for name, value in secrets.items() if any(map(is_weak, value.split(",")))
            ]:
                raise ValueError(
                    f"production needs secrets of at least 256 bits of its own: {', '.join(weak)}"
                )
        return self


def is_weak(secret: str) -> bool:
    """Whether everybody knows a secret, or it is too short."""
    return "only-for-a-laptop" in secret or secret == DEVELOPMENT_SECRET[::-1] or len(secret) < 32


S = TypeVar("S", bound=Settings)


class SettingsError(Exception):
    """Every setting that is wrong, one line each."""


def secret_directories() -> list[Path]:
    """Mounted configuration and secrets that exist here (Kubernetes, Docker, OpenFaaS)."""
    return [path for path in map(Path, MOUNTS) if path.is_dir()]


def checked(kind: type[S]) -> S:
    """These settings, read and checked; raises SettingsError naming every problem."""
    try:
        return kind(_secrets_dir=secret_directories() or None)
    except ValidationError as error:
        lines = [
            f"{'.'.join(map(str, e['loc'])).upper() or 'SETTINGS'}: {e['msg']}"
            for e in error.errors(include_input=False)
        ]
        raise SettingsError("These settings are wrong:\n  " + "\n  ".join(lines)) from None


@lru_cache
def settings() -> Settings:
    """The settings of this process; raises SettingsError naming every problem."""
    return checked(Settings)
