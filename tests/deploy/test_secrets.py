"""Each function is given the secrets of what it can do, and no others: derived from what it imports."""

import re
from functools import lru_cache

import grimp
import pytest

from shared.kit.settings import Settings
from shared.runtime.required_secrets import NEEDS
from tooling.generate.imports import reached
from tooling.generate.secrets import (
    BEFORE_KEYS,
    FOR_ALL,
    FOR_DOOR,
    FOR_MIGRATION,
    FOR_SERVICE,
    POWERS,
    powers,
    settings,
)
from tooling.registry import ROOT, records

ADAPTERS = {module: power.settings for module, power in POWERS.items()}
LETTERS = {
    "accept-invitation",
    "confirm-guest",
    "convert-guest",
    "invite-first-admin",
    "invite-user",
    "mail-login-code",
    "mail-reset-link",
    "register",
    "resend-invitation",
    "resend-verification",
}


@lru_cache(1)
def imports() -> grimp.ImportGraph:
    """Who imports whom, inside functions too, as another program sees it."""
    return grimp.build_graph(
        "functions", "shared", "events", exclude_type_checking_imports=True, cache_dir=None
    )


def who(power: str) -> set[str]:
    """The functions that can do something."""
    return {record.name for record in records().values() if power in {each.name for each in powers(record)}}


def test_what_a_function_reaches_is_what_another_reader_of_imports_finds() -> None:
    for record in records().values():
        assert (
            imports().find_upstream_modules(record.module) & ADAPTERS.keys()
            == reached(record.module) & ADAPTERS.keys()
        ), record.name


def test_only_who_lets_people_or_programs_in_can_sign_and_only_second_factors_are_opened() -> None:
    assert who("signing") == {
        "answer-second-factor",
        "impersonate",
        "login",
        "login-guest",
        "refresh",
        "register-guest",
        "resolve-api-token",
    }
    assert who("sealing") == {
        "answer-second-factor",
        "confirm-second-factor",
        "enrol-second-factor",
        "remove-second-factor",
    }


def test_who_says_something_can_publish_and_others_cannot() -> None:
    relays = {
        record.name
        for record in records().values()
        if "functions.platform.outbox_relay" in reached(record.module)
    }
    assert who("publishing") == {record.name for record in records().values() if record.emits} | relays
    assert {"sweep-outbox"} <= relays


def test_links_are_sealed_by_who_makes_them_and_opened_by_who_writes_the_mail() -> None:
    assert who("letters") == LETTERS | who("mail")
    assert who("mail") == {"send-email", "send-deferred-messages"}
    assert who("fcm") == who("apns") == {"send-push", "send-deferred-messages"}


@pytest.mark.parametrize(
    "name", ["chunk-document", "process-media", "upload-profile-photo", "upload-city-header", "scrape-url"]
)
def test_who_reads_what_strangers_send_has_no_key_of_the_house(name: str) -> None:
    assert (
        settings(records()[name])
        & {
            "JWT_SECRET",
            "JWT_SIGNING_KEYS",
            "JWT_REFRESH_SECRET",
            "ENCRYPTION_KEY",
            "LETTER_KEY",
            "BROKER_TOKEN",
            "SMTP_PASSWORD",
            "POSTGRES_OWNER_PASSWORD",
            "POSTGRES_RELAY_PASSWORD",
        }
        == set()
    )


def test_every_secret_is_a_setting_and_every_secret_setting_is_given_to_somebody() -> None:
    given = {
        *FOR_ALL,
        *BEFORE_KEYS,
        *FOR_MIGRATION,
        *FOR_DOOR,
        *FOR_SERVICE,
        "POSTGRES_ROLES_SECRET",
        *(name for names in ADAPTERS.values() for name in names),
    }
    fields = {name.upper(): field for name, field in Settings.model_fields.items()}
    assert given - fields.keys() == set()
    assert {name for name, field in fields.items() if "SecretStr" in str(field.annotation)} - given == set()


def test_only_the_adapter_reads_its_secrets() -> None:
    sources = {
        path: path.read_text("utf-8")
        for folder in ("shared", "functions")
        for path in (ROOT / folder).rglob("*.py")
    }
    del sources[ROOT / "shared" / "kit" / "settings.py"]
    for adapter, names in ADAPTERS.items():
        module = ROOT / adapter.replace(".", "/")
        for name in names:
            readers = {path for path, text in sources.items() if re.search(rf"\b{name.lower()}\b", text)}
            assert readers, name
            assert readers <= {module.with_suffix(".py"), module.parent / "__init__.py"}, name


@pytest.mark.parametrize(
    "name", ["login", "send-email", "chunk-document", "list-listings", "sweep-outbox", "enrol-second-factor"]
)
def test_what_a_function_cannot_start_without_it_is_given(name: str) -> None:
    modules = reached(records()[name].module) | reached("shared.runtime.pipeline")
    assert {need for module in modules & NEEDS.keys() for need in NEEDS[module]} <= settings(records()[name])
