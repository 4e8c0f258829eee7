"""How a platform gets its first super admin: the migration's Job invites them."""

from collections.abc import Iterator

import pytest

from functions.auth.invitations.first_super_admin import invite_first, main
from shared.kit.settings import settings
from shared.tenancy.tenants import PLATFORM
from tests.auth.people import accept, link_token, login
from tests.support import City, superuser

ADDRESS = "first@example.org"


@pytest.fixture
def platform() -> Iterator[City]:
    """A platform that nobody runs yet; afterwards nobody does either."""
    forget()
    yield City(PLATFORM)
    forget()


def forget() -> None:
    with superuser(settings().postgres_database_prefix + "auth") as connection:
        for table in ("sessions", "accounts", "invitations", "outbox"):
            connection.run(f"DELETE FROM {table} WHERE tenant_id = :platform", platform=PLATFORM.id)


def test_the_invited_address_becomes_a_super_admin_who_can_log_in(platform: City) -> None:
    assert "is invited:" in invite_first("First@Example.org")
    made = accept(link_token(platform))
    assert (made.status, made.body["roles"]) == (201, ["super_admin"])
    assert login(platform, ADDRESS).status == 200


def test_the_next_version_invites_nobody_twice(platform: City) -> None:
    invite_first(ADDRESS)
    assert "already" in invite_first(ADDRESS)
    assert len(platform.events("notification.requested")) == 1
    accept(link_token(platform))
    assert "already" in invite_first("second@example.org")
    assert len(platform.events("notification.requested")) == 1


def test_an_invitation_that_has_run_out_is_made_anew(platform: City) -> None:
    invite_first(ADDRESS)
    with superuser(settings().postgres_database_prefix + "auth") as connection:
        connection.run(
            "UPDATE invitations SET expires_at = now() - interval '1 minute' WHERE tenant_id = :t",
            t=PLATFORM.id,
        )
    assert "is invited:" in invite_first(ADDRESS)
    assert len(platform.events("notification.requested")) == 2


@pytest.mark.parametrize(
    ("address", "status", "says"),
    [
        ("", 0, "nobody is invited"),
        (" ", 0, "nobody is invited"),
        ("nobody", 1, "not an e-mail address"),
        (ADDRESS, 0, "is invited:"),
    ],
)
def test_as_a_program_it_says_what_it_did_and_never_to_whom(
    platform: City,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    address: str,
    status: int,
    says: str,
) -> None:
    monkeypatch.setenv("SUPER_ADMIN_EMAIL", address)
    assert main() == status
    said = "".join(capsys.readouterr())
    assert says in said
    assert ADDRESS not in said
