"""The embedded PostgreSQL and Redis, as the stack and the tests use them."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pg8000.native import Connection, DatabaseError, InterfaceError
from redis import Redis as Client

from tests.tooling.support import eventually
from tooling.command_failed import CommandFailed
from tooling.stack import accounts, databases, once, postgres, processes, redis
from tooling.stack.ports import free_port
from tooling.stack.postgres import Postgres

PASSWORDS = {
    "heidi_owner": "owner's",
    "heidi_app_core": "app",
    "heidi_app_chatbot": "another",
    "heidi_relay": "relay",
}
NAMES = ["heidi_core", "heidi_chatbot"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with postgres.embedded_postgres(tmp_path_factory.mktemp("server")) as found:
        databases.prepare(found, PASSWORDS, NAMES)
        yield found


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """Where the server's account can write, also when the tests run as root."""
    fallback = Path("/var/tmp") / f"heidi-test-{os.getpid()}-{tmp_path.name[:20]}"
    yield accounts.place(tmp_path / "postgres", fallback, accounts.unprivileged())
    subprocess.run(["rm", "-rf", str(fallback)], check=True)


def as_role(server: Postgres, role: str, database: str = "heidi_core") -> Connection:
    return Connection(role, host="127.0.0.1", port=server.port, database=database, password=PASSWORDS[role])


def test_the_app_role_may_connect_and_nothing_more(server: Postgres) -> None:
    with as_role(server, "heidi_app_core") as connection:
        for statement in (
            "CREATE TABLE things ()",
            "CREATE SCHEMA mine",
            "CREATE TEMP TABLE things ()",
            "CREATE DATABASE mine",
            "CREATE ROLE mine",
            "ALTER ROLE heidi_app_core BYPASSRLS",
            "SET ROLE heidi_owner",
        ):
            with pytest.raises(DatabaseError):
                connection.run(statement)
    with pytest.raises(DatabaseError):
        as_role(server, "heidi_app_core", "postgres")


def test_the_one_role_of_all_becomes_a_group_when_each_service_has_its_own(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with postgres.embedded_postgres(tmp_path_factory.mktemp("before")) as before:
        databases.prepare(before, {"heidi_owner": "o", "heidi_app": "app", "heidi_relay": "r"}, NAMES)
        for name in NAMES:  # as on a server of somebody's own
            Connection("heidi_app", host="127.0.0.1", port=before.port, database=name, password="app").close()
        for _ in range(2):
            databases.prepare(before, PASSWORDS, NAMES)
        with pytest.raises(DatabaseError, match="password authentication failed|not permitted to log in"):
            Connection("heidi_app", host="127.0.0.1", port=before.port, database="heidi_core", password="app")
        as_role(before, "heidi_app_core").close()
        with pytest.raises(DatabaseError, match="permission denied for database"):
            as_role(before, "heidi_app_core", "heidi_chatbot")
        as_role(before, "heidi_relay", "heidi_chatbot").close()


def test_no_role_of_ours_is_superuser_or_bypasses_row_level_security(server: Postgres) -> None:
    with server.connect() as connection:
        rows = connection.run(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication FROM pg_roles "
            "WHERE rolname LIKE 'heidi%'"
        )
    assert rows == [[False] * 5] * 5


def test_the_owner_role_owns_its_databases_and_makes_the_tables(server: Postgres) -> None:
    with as_role(server, "heidi_owner") as connection:
        connection.run("CREATE TABLE things ()")
        connection.run("DROP TABLE things")


def test_preparing_again_changes_nothing_and_adds_what_is_new(server: Postgres) -> None:
    databases.prepare(server, PASSWORDS, [*NAMES, "heidi_new"])
    databases.prepare(server, PASSWORDS, [*NAMES, "heidi_new"])
    as_role(server, "heidi_owner", "heidi_new").close()


def test_vectors_are_there_for_the_chatbot(server: Postgres) -> None:
    with as_role(server, "heidi_owner", "heidi_chatbot") as connection:
        assert connection.run("SELECT '[1,2,3]'::vector <-> '[1,2,4]'::vector") == [[1.0]]


def test_umlauts_are_lower_cased(server: Postgres) -> None:
    with server.connect() as connection:
        assert connection.run("SELECT lower('ÄÖÜ ẞ'), current_setting('server_encoding')") == [
            ["äöü ß", "UTF8"]
        ]


def test_a_wrong_password_is_refused_over_tcp_and_over_the_socket(server: Postgres) -> None:
    with pytest.raises((DatabaseError, InterfaceError)):
        Connection("postgres", host="127.0.0.1", port=server.port, password="wrong")
    if os.access(server.sockets, os.X_OK):
        with pytest.raises((DatabaseError, InterfaceError)):
            Connection(
                "postgres", unix_sock=str(server.sockets / f".s.PGSQL.{server.port}"), password="wrong"
            )


def test_postgres_comes_back_after_kill_9_with_what_was_committed(place: Path) -> None:
    server = Postgres(place, free_port(), "secret", accounts.unprivileged())
    service = postgres.service(server)
    with once.running(service, place.parent) as process:
        with server.connect() as connection:
            connection.run("CREATE TABLE kept (n int)")
            connection.run("INSERT INTO kept VALUES (1)")
        # somebody else's process, with whose number the lock files shall lie
        busy = subprocess.Popen(["sleep", "60"])
        os.kill(process.pid, signal.SIGKILL)
        eventually(lambda: process.poll() is not None)
        for lock in (server.data / "postmaster.pid", server.sockets / f".s.PGSQL.{server.port}.lock"):
            lock.write_text(lock.read_text().replace(str(process.pid), str(busy.pid), 1))
        with once.running(service, place.parent), server.connect() as connection:
            assert connection.run("SELECT n FROM kept") == [[1]]
        assert busy.poll() is None
        busy.kill()
        busy.wait()


def test_an_interrupted_initdb_is_not_taken_for_a_database(place: Path) -> None:
    server = Postgres(place, free_port(), "secret", accounts.unprivileged(), durable=False)
    (place / "data.new").mkdir()
    (place / "data.new" / "PG_VERSION").write_text("16\n")
    with once.running(postgres.service(server), place.parent), server.connect() as connection:
        assert connection.run("SELECT 1") == [[1]]
    assert sorted(path.name for path in place.iterdir() if path.name != "run") == ["data"]


def test_the_password_file_of_initdb_is_gone_even_when_initdb_fails(place: Path) -> None:
    server = Postgres(place, free_port(), "secret", accounts.unprivileged())
    (place / "data.new").touch()
    with pytest.raises(CommandFailed, match="could not make its data"):
        postgres.make(server)
    assert not list(place.glob("password*"))


def test_redis_asks_for_its_password_and_does_not_show_it_to_other_users(tmp_path: Path) -> None:
    with redis.embedded_redis(tmp_path, password="a-secret") as server:
        assert Client.from_url(server.url).ping()
        with Client(port=server.port) as stranger, pytest.raises(Exception, match="(?i)auth"):
            stranger.ping()
        assert not any("a-secret" in part for part in redis.service(tmp_path, server).command)
        assert (tmp_path / "redis.conf").stat().st_mode & 0o077 == 0


def test_redis_loses_nothing_by_kill_9(tmp_path: Path) -> None:
    server = redis.Redis(free_port(), "a-secret")
    service = redis.service(tmp_path, server)
    with once.running(service, tmp_path) as process:
        with Client.from_url(server.url) as client:
            for number in range(100):
                client.set(f"key:{number}", number)
        os.kill(process.pid, signal.SIGKILL)
        eventually(lambda: process.poll() is not None)
    with once.running(service, tmp_path), Client.from_url(server.url) as client:
        assert client.dbsize() == 100


def test_without_any_redis_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(redis, "IN_WHEELS", ())
    with pytest.raises(CommandFailed, match=r"apt install redis-server.*REDIS_URL"):
        redis.binary()


def test_what_a_server_said_last_is_found_without_its_time_stamp(tmp_path: Path) -> None:
    log = tmp_path / "postgres.log"
    log.write_text("old\n")
    start = processes.size(log)
    with log.open("a") as file:
        file.write(
            "2026-01-01 10:00:00.000 UTC [42] FATAL:  the disk is on fire\n2026-01-01 10:00:00.000 UTC [42] LOG:  bye\n"
        )
    assert processes.why(log, start) == "FATAL:  the disk is on fire"
    log.write_text("1:M 01 Jan 2026 10:00:00.000 # Fatal error: no\n")
    assert processes.why(log, 0) == "Fatal error: no"
