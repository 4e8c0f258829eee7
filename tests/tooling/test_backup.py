"""Backups: one moment in all databases, checked before anything is touched, and brought back without bringing
back what ended.
"""

import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pg8000.native import DatabaseError

from broker.sql import SCHEMA
from shared.adapters import storage
from shared.db.pg import pool
from shared.db.roles import access
from shared.kit import sealing
from shared.kit.settings import settings
from tests.adapters.conftest import servers
from tests.adapters.running import ThirdParties
from tests.auth.factors import answer, challenged, later, set_up
from tests.auth.people import join, login, refresh
from tests.auth.test_api_tokens import made, revoke
from tests.core.factories import make_listing
from tests.kept_cluster import PREFIX
from tests.stack import RunningStack
from tests.support import City, call, superuser
from tooling import sealed
from tooling.backup import aftercare, local, restoration
from tooling.backup.archive import reading
from tooling.backup.cut import cut, held_back
from tooling.backup.dump import take
from tooling.backup.server import Server, wanted
from tooling.command_failed import CommandFailed
from tooling.migrate import upgrade
from tooling.registry import ROOT, services
from tooling.stack.environment import entered
from tooling.stack.state import State

__all__ = ["servers"]
PASSPHRASE = "correct horse battery"
SHAPE = """SELECT c.relname, c.relkind, pg_get_userbyid(c.relowner), c.relrowsecurity, c.relforcerowsecurity, c.relacl::text,
  (SELECT array_agg(p.polname || pg_get_expr(p.polqual, p.polrelid) || p.polroles::regrole[]::text ORDER BY p.polname)
   FROM pg_policy p WHERE p.polrelid = c.oid) FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1"""


@pytest.fixture(scope="module")
def server(servers: ThirdParties, worker_id: str) -> Iterator[Server]:
    """Databases of these tests' own, which functions and files use too."""
    prefix = f"kept_{worker_id}_"
    names = [*services(), "broker"]
    with superuser("postgres") as connection:
        for name in services():
            connection.run(f'CREATE DATABASE "{prefix}{name}" TEMPLATE "{PREFIX}{name}" OWNER heidi_owner')
            for statement in access(prefix + name):
                connection.run(statement)
        connection.run(f'CREATE DATABASE "{prefix}broker" OWNER heidi_owner')
    with superuser(prefix + "broker") as connection:
        for statement in SCHEMA:
            connection.run(statement)
    with entered(servers.environment() | {"POSTGRES_DATABASE_PREFIX": prefix}):
        yield Server.named()
        let_go()
    with superuser("postgres") as connection:
        for mark in ("", restoration.FRESH, restoration.OLD):
            for name in names:
                connection.run(f'DROP DATABASE IF EXISTS "{mark}{prefix}{name}" WITH (FORCE)')


def let_go() -> None:
    """As if the functions had stopped: nobody is connected."""
    for name in services():
        pool(settings().postgres_database_prefix + name).clear()


def bring_back(server: Server, path: Path, passphrase: str = "") -> restoration.Restored:
    let_go()
    with reading(path, passphrase) as archive:
        restoration.check(archive)
        return restoration.bring_back(server, archive)


def identities(server: Server) -> dict[str, int]:
    """Which of its databases there are, half-made ones among them: another one by the same name has another
    number.
    """
    with server.connect() as connection:
        ours = "SELECT datname, oid FROM pg_database WHERE strpos(datname, :prefix) > 0"
        return {row[0]: row[1] for row in connection.run(ours, prefix=server.prefix) or ()}


def shapes(server: Server) -> dict[str, Any]:
    """Tables, owners, grants and policies of every service."""
    found = {}
    for name in services():
        with server.connect(server.prefix + name) as connection:
            found[name] = connection.run(SHAPE)
    return found


def titles(city: City) -> list[str]:
    return [row[0] for row in city.rows("core", "SELECT title FROM listings ORDER BY title")]


def changes(server: Server) -> int:
    """The number that the next noted change of core will have."""
    with server.connect(server.prefix + "core") as connection:
        [[number]] = connection.run("SELECT nextval('changes_id_seq')") or [[0]]
        return int(number)


def test_everything_comes_back_sealed_behind_its_walls_but_nothing_that_had_ended(
    server: Server, city: City, other_city: City, tmp_path: Path
) -> None:
    person = join(city, "city_admin")
    phone = set_up(login(city, person).body["accessToken"])
    later(city)
    make_listing(city, title="Lesecafé")
    make_listing(other_city, title="Weinfest")
    storage.put(city.id, "a/b.txt", b"as it was", "text/plain")
    colleague = join(city, "city_admin")
    session = login(city, colleague).body
    revoked, kept = (made(session["accessToken"]) for _ in range(2))
    before, shape, number = identities(server), shapes(server), changes(server)

    manifest = take(server, path := tmp_path / "a.tar", PASSPHRASE)
    told = (b"Lesecaf", b"as it was", b"manifest", b"core.dump", b"PGDMP")
    assert [word for word in told if word in path.read_bytes()] == []
    assert manifest.databases.keys() == {*services(), "broker"}
    revoke(session["accessToken"], revoked["id"])
    lost = made(session["accessToken"])
    assert (
        call("logout", token=session["accessToken"], body={"refreshToken": session["refreshToken"]}).status
        == 204
    )
    storage.put(city.id, "a/b.txt", b"another", "text/plain")
    make_listing(city, title="Zu spät")
    assert titles(city) == ["Lesecafé", "Zu spät"]

    done = bring_back(server, path, PASSPHRASE)
    assert (titles(city), titles(other_city)) == (["Lesecafé"], ["Weinfest"])
    assert city.rows("core", "SELECT 1 FROM listings WHERE tenant_id = :id", id=other_city.id) == []
    assert shapes(server) == shape
    assert storage.get(city.id, "a/b.txt") == b"as it was"
    assert storage.stat(city.id, "a/b.txt").content_type == "text/plain"
    assert call("whoami", token=session["accessToken"]).code == "TOKEN_REVOKED"
    assert refresh(session["refreshToken"]).status == 401
    assert [call("whoami", token=token["token"]).status for token in (revoked, kept, lost)] == [401, 200, 401]
    assert done.ended["sessions"] >= 2
    assert answer(challenged(city, person), phone.code()).status == 200
    assert changes(server) > number + 1000
    after = identities(server)
    assert before.keys() == after.keys()
    assert all(after[server.prefix + name] != before[server.prefix + name] for name in services())


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "a byte of a dump": lambda data: data[:3000] + bytes([data[3000] ^ 1]) + data[3001:],
    "its end": lambda data: data[: len(data) // 2],
    "the manifest": lambda data: data.replace(b'"outbox": 0', b'"outbox": 1', 1),
    "all of it": lambda data: b"\0" * 4096 + data[4096:],
    "a member": lambda data: data.replace(b"databases/core.dump", b"databases/kore.dump", 1),
}


@pytest.fixture
def backup(server: Server, tmp_path: Path) -> Path:
    take(server, path := tmp_path / "a.tar")
    return path


def test_what_is_damaged_is_refused_before_anything_is_touched(
    server: Server, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoration, "bring_back", lambda *_: pytest.fail("something was touched"))
    before, whole = identities(server), backup.read_bytes()
    for what, damage in DAMAGES.items():
        assert damage(whole) != whole, what
        backup.write_bytes(damage(whole))
        with pytest.raises(CommandFailed, match="damaged"):
            local.restore(backup, PASSPHRASE)
    backup.write_bytes(whole)
    with tarfile.open(backup, "a") as tar:
        tar.addfile(tarfile.TarInfo("one-more"))
    with pytest.raises(CommandFailed, match="does not hold what its manifest names"):
        local.restore(backup, PASSPHRASE)
    assert identities(server) == before


def test_an_attempt_that_fails_leaves_everything_as_it_was_and_the_next_one_succeeds(
    server: Server, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = identities(server)
    with monkeypatch.context() as broken:
        broken.setattr("tooling.backup.objects.bring_back", failing)
        with pytest.raises(OSError, match="power cut"):
            bring_back(server, backup)
    assert identities(server) == before
    with server.connect() as connection:  # what kill -9 leaves
        connection.run(f'CREATE DATABASE "{restoration.FRESH}{server.prefix}core"')
    bring_back(server, backup)
    assert identities(server).keys() == before.keys()


def failing(*_: object) -> int:
    raise OSError("power cut")


def test_the_databases_change_places_all_or_none(server: Server, backup: Path) -> None:
    before = identities(server)
    with reading(backup) as archive, server.connect(server.prefix + "users") as somebody:
        somebody.run("SELECT 1")
        with pytest.raises(CommandFailed, match=f"{server.prefix}users by postgres"):
            restoration.bring_back(server, archive)
        for name in wanted():
            somebody.run(f'CREATE DATABASE "{restoration.FRESH}{server.prefix}{name}"')
        with pytest.raises(CommandFailed, match="all is as it was"):
            restoration.swap(server, wanted())
    assert {name: identities(server)[name] for name in before} == before


MEDIA = """INSERT INTO media (id, tenant_id, key, filename, content_type, size, state, created_by)
 VALUES (:id, :tenant, :key, 'a.png', 'image/png', 1, 'ready', :id)"""


def picture(city: City, *, stored: bool = True) -> str:
    """A picture's row, and its file."""
    identity = uuid4()
    key = f"media/{identity}/original"
    with superuser(settings().postgres_database_prefix + "core") as connection:
        connection.run(MEDIA, id=identity, tenant=city.id, key=key)
    if stored:
        storage.put(city.id, key, key.encode())
    return key


def gone(city: City, key: str) -> None:
    with superuser(settings().postgres_database_prefix + "core") as connection:
        connection.run("DELETE FROM media WHERE key = :key", key=key)
    storage.delete(city.id, key)


def test_files_are_of_the_same_moment_as_the_rows_and_whole_where_they_were_altered(
    server: Server, city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stays, goes, altered, broken = *(picture(city) for _ in range(3)), picture(city, stored=False)
    came: list[str] = []

    def meanwhile(reading: Any) -> set[str]:
        """The databases have been looked at, and the city goes on."""
        gone(city, goes)
        storage.put(city.id, altered, b"newer")
        came.append(picture(city))
        return set()

    monkeypatch.setattr("tooling.backup.dump.used_keys", meanwhile)
    manifest = take(server, path := tmp_path / "a.tar")
    mine = {file.key for file in manifest.files.values() if file.tenant == str(city.id)}
    assert mine == {stays, goes, altered}
    assert manifest.missing["core"] >= 1
    done = bring_back(server, path)
    assert list(storage.keys(city.id)) == sorted([stays, goes, altered])
    assert storage.get(city.id, goes) == goes.encode()
    assert storage.get(city.id, altered) == b"newer"  # whole, as it was when it was copied
    assert done.strays >= len(came)
    assert done.missing["core"] >= 1
    gone(city, broken)


def test_the_keys_of_what_is_sealed_come_with_the_passphrase_only(
    server: Server, city: City, tmp_path: Path
) -> None:
    set_up(login(city, join(city)).body["accessToken"])
    old = settings().encryption_key.get_secret_value()
    with pytest.raises(CommandFailed, match="12 letters"):
        take(server, tmp_path / "weak.tar", "too short", with_secrets=True)
    assert list(tmp_path.iterdir()) == []
    take(server, path := tmp_path / "a.tar", PASSPHRASE, with_secrets=True)
    assert old.encode() not in path.read_bytes()
    with pytest.raises(CommandFailed, match="passphrase does not open"):
        local.check(path, PASSPHRASE + "!")
    with pytest.raises(CommandFailed, match="is sealed"):
        local.check(path)
    with reading(path, PASSPHRASE) as archive:
        assert restoration.opened(archive, PASSPHRASE) == {"ENCRYPTION_KEY": old}
        with pytest.raises(CommandFailed, match=next(iter(sealing.keys(old)))):
            restoration.require_keys(archive.manifest, "n" * 40)
        restoration.require_keys(archive.manifest, f"{'n' * 40},{old}")


def test_a_backup_from_a_newer_heidi_is_refused_and_an_older_one_is_migrated(
    server: Server, tmp_path: Path
) -> None:
    with server.connect(server.prefix + "audit") as connection:
        for statement in (
            "DROP SCHEMA public CASCADE",
            "CREATE SCHEMA public AUTHORIZATION pg_database_owner",
            "GRANT USAGE ON SCHEMA public TO PUBLIC",
        ):
            connection.run(statement)
    upgrade(ROOT / "functions" / "audit" / "migrations", server.prefix + "audit", "0001")
    take(server, older := tmp_path / "older.tar")
    with server.connect(server.prefix + "audit") as connection:
        connection.run("UPDATE alembic_version SET version_num = '9999'")
    take(server, newer := tmp_path / "newer.tar")
    with pytest.raises(CommandFailed, match="newer than this checkout: audit is at migration 9999"):
        local.check(newer)
    assert local.check(older).databases["audit"].head == "0001"
    bring_back(server, older)
    assert (
        shapes(server)["audit"]
        == shapes(Server(server.host, server.port, server.user, server.password, PREFIX))["audit"]
    )


def test_writers_of_events_are_held_back_while_the_snapshots_are_taken(server: Server) -> None:
    names = ["core", "users"]
    with server.connect(server.prefix + "core") as writer:
        writer.run("SET lock_timeout = '50ms'")
        with held_back(server, names):
            for table in ("inbox", "changes", "outbox"):
                with pytest.raises(DatabaseError, match="55P03"):
                    writer.run(f"DELETE FROM {table}")
            writer.run("SELECT count(*) FROM outbox")  # who only reads is not
        writer.run("DELETE FROM outbox")
        with cut(server, names) as reading_them:
            [[before]] = writer.run("SELECT version_num FROM alembic_version") or [[""]]
            writer.run("UPDATE alembic_version SET version_num = 'later'")
            assert reading_them["core"].run("SELECT version_num FROM alembic_version") == [[before]]
            writer.run("UPDATE alembic_version SET version_num = :before", before=before)


def test_a_transaction_that_never_ends_does_not_hold_everybody_back(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tooling.backup.cut.TRIES", 2)
    with server.connect(server.prefix + "users") as endless, server.connect(server.prefix + "core") as writer:
        endless.run("BEGIN")
        endless.run("DELETE FROM outbox")
        with pytest.raises(CommandFailed, match="no common moment"), cut(server, ["core", "users"]):
            pass
        writer.run("SET lock_timeout = '50ms'")
        writer.run("DELETE FROM outbox")


def test_after_a_point_in_time_restore_the_owner_role_alone_puts_things_right(
    server: Server, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = login(city, person := join(city)).body
    with server.connect(server.prefix + "core") as connection:
        connection.run("ALTER TABLE changes ALTER COLUMN id RESTART WITH 5")
    monkeypatch.delenv("POSTGRES_SUPERUSER_PASSWORD")
    shape = shapes(server)
    make_listing(city)
    assert changes(server) < 100
    assert local.after_point_in_time([])["sessions"] >= 1
    assert changes(server) >= time.time_ns() // 1_000_000 - 60_000
    local.after_point_in_time(["core"])
    assert refresh(session["refreshToken"]).code == "TOKEN_REVOKED"
    assert login(city, person).status == 200
    assert shapes(server) == shape
    with pytest.raises(CommandFailed, match="does not see every city's rows"):
        take(Server.named(), Path("/nowhere"))


def test_what_redis_refuses_it_goes_on_refusing_and_all_else_is_asked_anew(city: City) -> None:
    from shared.adapters import redis
    from shared.auth import tokens

    tokens.revoke(city.id, session := str(uuid4()))
    tokens.bar(city.id, person := uuid4())
    redis.command("SET", redis.key(city.id, "terms", person), "3")
    assert aftercare.forget() >= 1
    assert [
        redis.command("EXISTS", redis.key(city.id, *key))
        for key in (("revoked", session), ("barred", person), ("terms", person))
    ] == [1, 1, 0]


def test_resealing_leaves_nothing_for_the_old_key(server: Server, city: City) -> None:
    person = join(city)
    phone = set_up(login(city, person).body["accessToken"])
    later(city)
    old = settings().encryption_key.get_secret_value()
    with entered({"ENCRYPTION_KEY": f"{'n' * 40},{old}"}):
        assert (local.reseal() > 0, local.reseal()) == (True, 0)
    with entered({"ENCRYPTION_KEY": "n" * 40}):
        assert answer(challenged(city, person), phone.code()).status == 200
    with entered({"ENCRYPTION_KEY": f"{old},{'n' * 40}"}):
        assert local.reseal() > 0


def test_every_place_that_seals_is_known_to_backup_and_resealing() -> None:
    sealing_functions = {
        path.relative_to(ROOT).parts[1:3]
        for path in (ROOT / "functions").rglob("*.py")
        if "shared.kit.sealing" in path.read_text("utf-8")
    }
    assert sealing_functions == {("auth", "factors")}
    assert {(column.service, column.table) for column in sealed.COLUMNS} == {("auth", "second_factors")}


def test_a_backup_never_overwrites_a_file(server: Server, tmp_path: Path) -> None:
    (taken := tmp_path / "a.tar").write_text("precious")
    with pytest.raises(CommandFailed, match="exists already"):
        take(server, taken)
    assert taken.read_text() == "precious"


def test_what_is_left_of_a_city_is_found_wherever_it_is(
    server: Server, city: City, other_city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_listing(other_city)
    assert local.left(city.id) == []
    make_listing(city)
    storage.put(city.id, "a", b"b")
    monkeypatch.delenv("POSTGRES_SUPERUSER_PASSWORD")  # the owner role is enough
    found = dict(local.left(city.id))
    assert (found["core.listings"], found["core.categories"], found["files"]) == (1, 1, 1)
    assert {"core.outbox (ends by itself)", "core.changes (ends by itself)"} <= found.keys()
    assert {where.partition(".")[0] for where in found} == {
        "core",
        "files",
        *(["redis (ends by itself)"] if "redis (ends by itself)" in found else []),
    }


def test_the_local_stack_is_stopped_brought_back_and_running_again(tmp_path: Path) -> None:
    seeded = {"email": "editor@heidelberg.example", "password": "Rathaus-am-Fluss-7"}
    path, here = str(tmp_path / "a.tar"), {"X-Tenant-ID": "heidelberg"}
    with RunningStack.started(BACKUP_PASSPHRASE=PASSPHRASE) as stack:

        def api(method: str, address: str, **parts: Any) -> httpx.Response:
            return httpx.request(method, stack.gateway + address, timeout=120, **parts)

        session = api("POST", "/api/auth/login", json=seeded, headers=here).json()
        mine = {"Authorization": f"Bearer {session['accessToken']}"}
        listings = api("GET", "/api/listings?limit=100", headers=here).json()["items"]
        assert "sealing keys inside" in stack.heidi("backup", "--with-secrets", path)
        assert "It can be brought back." in stack.heidi("restore", "--check", path)
        assert api("GET", "/api/auth/me", headers=mine).status_code == 200

        # as on another machine: nothing is done,
        anew = State({**State.read(stack.home.state).secrets, "encryption": "n" * 40})
        old = State.read(stack.home.state).secrets["encryption"]  # and other keys seal
        anew.write(stack.home.state)
        (seeding := stack.home.log("demonstration-city")).unlink()
        assert "Everybody has to log in again." in stack.heidi("restore", "--yes", path)

        assert stack.is_ready()
        assert not seeding.exists()
        assert State.read(stack.home.state).secrets["encryption"] == f"{'n' * 40},{old}"
        assert api("GET", "/api/listings?limit=100", headers=here).json()["items"] == listings != []
        assert api("GET", "/api/auth/me", headers=mine).status_code == 401
        assert api("POST", "/api/auth/login", json=seeded, headers=here).status_code == 200
