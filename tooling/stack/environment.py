"""The settings of our processes: what the environment gives wins and replaces the embedded part."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from tooling.stack.home import Home
from tooling.stack.ports import DEFAULTS, port
from tooling.stack.redis import Redis
from tooling.stack.state import State

HOST = "127.0.0.1"
WITH_THEIR_PART = ("POSTGRES_PORT", "REDIS_PORT", "SMTP_PORT")  # not ours to give when the part is not ours


@dataclass(frozen=True, slots=True)
class Part:
    """Settings that belong together; one of `outside` in the environment means that somebody else runs this
    part.
    """

    outside: tuple[str, ...]
    settings: Mapping[str, str]

    def is_ours(self, given: Mapping[str, str]) -> bool:
        """Whether we run it."""
        return not any(given.get(name) for name in self.outside)


POSTGRES = ("DATABASE_URL", "POSTGRES_HOST")
REDIS = ("REDIS_URL",)
OBJECTS = ("S3_ENDPOINT",)
MAIL = ("SMTP_HOST",)
FIREBASE = ("FIREBASE_PROJECT_ID", "FIREBASE_CLIENT_EMAIL", "FIREBASE_PRIVATE_KEY")
APNS = ("APNS_KEY", "APNS_KEY_ID", "APNS_TEAM_ID")
WEBPUSH = ("VAPID_PRIVATE_KEY", "VAPID_PUBLIC_KEY")
BROKER = ("BROKER_URL", "K_SINK")


def environment(state: State, given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Everything that our processes read; PATH and the like are not in it."""
    parts = (
        postgres(state, given),
        redis(state, given),
        objects(state, given),
        mail(given),
        firebase(state, given),
        apns(state, given),
        webpush(state),
        broker(given),
        common(state, given),
    )
    settings: dict[str, str] = {}
    for part in parts:
        mine = part.is_ours(given)
        settings |= {
            name: given.get(name) or value for name, value in part.settings.items() if mine or given.get(name)
        }
        settings |= {name: given[name] for name in part.outside if given.get(name)}
    return settings


def ours(outside: tuple[str, ...], given: Mapping[str, str] = os.environ) -> bool:
    """Whether we run the part that these variables would replace."""
    return Part(outside, {}).is_ours(given)


def thirdparties(given: Mapping[str, str] = os.environ) -> list[str]:
    """Which third parties we stand in for."""
    push = ours(FIREBASE, given) or ours(APNS, given)
    return [
        name
        for name, mine in (
            ("object-store", ours(OBJECTS, given)),
            ("mail", ours(MAIL, given)),
            ("push", push),
        )
        if mine
    ]


def url(variable: str, given: Mapping[str, str]) -> str:
    """Where one of our own servers listens."""
    return f"http://{HOST}:{port(variable, given)}"


def postgres(state: State, given: Mapping[str, str]) -> Part:
    """A role per service for functions, the owner for migrations, the relay for the outbox."""
    return Part(
        POSTGRES,
        {
            "POSTGRES_HOST": HOST,
            "POSTGRES_PORT": str(port("POSTGRES_PORT", given)),
            "POSTGRES_USER": "",
            "POSTGRES_PASSWORD": "",
            "POSTGRES_ROLES_SECRET": state.secrets["postgres_app"],
            "POSTGRES_OWNER": "heidi_owner",
            "POSTGRES_OWNER_PASSWORD": state.secrets["postgres_owner"],
            "POSTGRES_RELAY": "heidi_relay",
            "POSTGRES_RELAY_PASSWORD": state.secrets["postgres_relay"],
        },
    )


def redis(state: State, given: Mapping[str, str]) -> Part:
    """One URL with the password in it."""
    return Part(REDIS, {"REDIS_URL": Redis(port("REDIS_PORT", given), state.secrets["redis"]).url})


def objects(state: State, given: Mapping[str, str]) -> Part:
    """The local object store checks signatures like the real ones."""
    return Part(
        OBJECTS,
        {
            "S3_ENDPOINT": url("OBJECT_STORE_PORT", given),
            "S3_BUCKET": "heidi-assets",
            "S3_REGION": "eu-central-1",
            "S3_ACCESS_KEY": state.secrets["s3_access_key"],
            "S3_SECRET_KEY": state.secrets["s3_secret_key"],
        },
    )


def mail(given: Mapping[str, str]) -> Part:
    """An inbox that keeps every mail."""
    return Part(MAIL, {"SMTP_HOST": HOST, "SMTP_PORT": str(port("SMTP_PORT", given))})


def firebase(state: State, given: Mapping[str, str]) -> Part:
    """A service account that only the local push server knows."""
    push = url("PUSH_PORT", given)
    return Part(
        FIREBASE,
        {
            "FIREBASE_PROJECT_ID": "heidi-local",
            "FIREBASE_CLIENT_EMAIL": "push@heidi-local.iam.gserviceaccount.com",
            "FIREBASE_PRIVATE_KEY": state.secrets["firebase_key"],
            "FCM_ENDPOINT": push,
            "FCM_TOKEN_URI": f"{push}/token",
        },
    )


def apns(state: State, given: Mapping[str, str]) -> Part:
    """A signing key that only the local push server knows."""
    return Part(
        APNS,
        {
            "APNS_KEY": state.secrets["apns_key"],
            "APNS_KEY_ID": "LOCALKEY01",
            "APNS_TEAM_ID": "LOCALTEAM1",
            "APNS_TOPIC": "app.heidi.local",
            "APNS_ENDPOINT": url("PUSH_PORT", given),
        },
    )


def webpush(state: State) -> Part:
    """A key that every push service believes, the local one too, which is called although it is here."""
    from tooling.keys import vapid_public

    private = state.secrets["vapid_key"]
    return Part(
        WEBPUSH,
        {
            "VAPID_PRIVATE_KEY": private,
            "VAPID_PUBLIC_KEY": vapid_public(private),
            "WEBPUSH_PRIVATE_HOSTS": "127.0.0.1,localhost",
        },
    )


def broker(given: Mapping[str, str]) -> Part:
    """The token is needed with somebody else's broker too, to tell its deliveries from anybody's."""
    return Part(BROKER, {"BROKER_URL": url("BROKER_PORT", given)})


def common(state: State, given: Mapping[str, str]) -> Part:
    """What nobody replaces as a whole, only variable by variable."""
    gateway = url("GATEWAY_PORT", given)
    return Part(
        (),
        {
            "ENVIRONMENT": "local",
            "PUBLIC_URL": gateway,
            "GATEWAY_URL": gateway,
            "BASE_DOMAIN": "localhost",
            "SCRAPE_PRIVATE_HOSTS": "127.0.0.1,localhost",
            "BROKER_TOKEN": state.secrets["broker"],
            "PUBLISH_TOKEN": state.secrets["publish"],
            "INTERNAL_TOKEN": state.secrets["internal"],
            "JWT_KEYS": state.secrets["jwt_keys"],
            "LETTER_KEY": state.secrets["letter"],
            "JWT_REFRESH_SECRET": state.secrets["jwt_refresh"],
            "ENCRYPTION_KEY": state.secrets["encryption"],
            "HEIDI_HOME": str(Home.here().path),
            "THIRDPARTY_DIR": str(Home.here().thirdparty),
            "THIRDPARTY_PARTS": ",".join(thirdparties(given)),
            **{
                variable: str(port(variable, given))
                for variable in DEFAULTS
                if variable not in WITH_THEIR_PART
            },
        },
    )


@contextmanager
def entered(given: Mapping[str, str]) -> Iterator[None]:
    """These settings are the process's own inside the block, and only there."""
    from shared.kit.settings import settings  # `up` has no use for them, and loads faster

    before = dict(os.environ)
    os.environ.update(given)
    settings.cache_clear()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        settings.cache_clear()
