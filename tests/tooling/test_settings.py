"""State, environment, ports, home: what the stack knows before it starts anything."""

import json
import os
import socket
from pathlib import Path

import pytest

from shared.kit.settings import Settings
from tooling.command_failed import CommandFailed
from tooling.stack import ports
from tooling.stack.environment import environment, thirdparties
from tooling.stack.home import Home
from tooling.stack.logs import follow, last_line, shorten, tail
from tooling.stack.state import State


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State.ensure(tmp_path / "state.json")


def test_secrets_are_made_once_and_only_their_owner_may_read_them(tmp_path: Path, state: State) -> None:
    path = tmp_path / "state.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert State.ensure(path).secrets == state.secrets
    assert len(set(state.secrets.values())) == len(state.secrets)
    assert not any(secret in repr(state) for secret in state.secrets.values())


def test_a_secret_that_a_newer_version_needs_is_added_and_the_others_stay(
    tmp_path: Path, state: State
) -> None:
    path = tmp_path / "state.json"
    stored = json.loads(path.read_text())
    del stored["secrets"]["redis"]
    path.write_text(json.dumps(stored))
    later = State.ensure(path).secrets
    assert later["redis"] != state.secrets["redis"]
    assert later["postgres_app"] == state.secrets["postgres_app"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"secrets": 1, "done": 2}'])
def test_a_damaged_state_is_a_problem_not_a_new_state(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(text)
    with pytest.raises(CommandFailed, match="damaged"):
        State.ensure(path)


def test_every_local_setting_is_one_that_the_functions_know_or_a_port_of_the_tools(state: State) -> None:
    known = {name.upper() for name in Settings.model_fields}
    tools = {*ports.DEFAULTS, "HEIDI_HOME", "THIRDPARTY_DIR", "THIRDPARTY_PARTS"}
    assert environment(state, {}).keys() <= known | tools


@pytest.mark.parametrize(
    ("given", "gone"),
    [
        ({"POSTGRES_HOST": "db"}, ("POSTGRES_PORT", "POSTGRES_ROLES_SECRET", "POSTGRES_OWNER_PASSWORD")),
        ({"DATABASE_URL": "postgresql://db/"}, ("POSTGRES_HOST", "POSTGRES_USER", "POSTGRES_ROLES_SECRET")),
        ({"REDIS_URL": "redis://cache"}, ()),
        ({"S3_ENDPOINT": "https://s3.example"}, ("S3_ACCESS_KEY", "S3_SECRET_KEY")),
        ({"SMTP_HOST": "mail"}, ("SMTP_PORT",)),
        ({"FIREBASE_PROJECT_ID": "real"}, ("FIREBASE_PRIVATE_KEY", "FCM_ENDPOINT")),
        ({"APNS_KEY_ID": "real"}, ("APNS_KEY", "APNS_ENDPOINT")),
        ({"K_SINK": "http://broker"}, ("BROKER_URL",)),
    ],
)
def test_what_is_given_replaces_its_part_and_none_of_our_secrets_is_sent_there(
    state: State, given: dict[str, str], gone: tuple[str, ...]
) -> None:
    settings = environment(state, given)
    assert given.items() <= settings.items()
    assert not settings.keys() & set(gone)


def test_a_single_setting_is_overridden_without_replacing_the_part(state: State) -> None:
    settings = environment(state, {"S3_BUCKET": "mine", "POSTGRES_USER": "me", "REDIS_URL": ""})
    assert settings["S3_BUCKET"] == "mine"
    assert settings["POSTGRES_HOST"] == "127.0.0.1"
    assert settings["REDIS_URL"].startswith("redis://:")


def test_ports_move_all_addresses_with_them(state: State) -> None:
    settings = environment(
        state,
        {"GATEWAY_PORT": "9080", "BROKER_PORT": "9081", "OBJECT_STORE_PORT": "9082", "PUSH_PORT": "9084"},
    )
    assert settings["PUBLIC_URL"] == "http://127.0.0.1:9080"
    assert settings["BROKER_URL"] == "http://127.0.0.1:9081"
    assert settings["S3_ENDPOINT"] == "http://127.0.0.1:9082"
    assert settings["FCM_ENDPOINT"] == settings["APNS_ENDPOINT"] == "http://127.0.0.1:9084"


def test_third_parties_that_somebody_else_runs_are_not_stood_in_for() -> None:
    assert thirdparties({}) == ["object-store", "mail", "push"]
    assert thirdparties({"S3_ENDPOINT": "x", "SMTP_HOST": "x"}) == ["push"]
    assert thirdparties({"FIREBASE_PROJECT_ID": "x"}) == ["object-store", "mail", "push"]
    assert thirdparties({"FIREBASE_PROJECT_ID": "x", "APNS_KEY": "x"}) == ["object-store", "mail"]


@pytest.mark.parametrize("text", ["x", "0", "-1", "65536", "80 80", "٣"])
def test_a_port_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(CommandFailed, match="GATEWAY_PORT"):
        ports.port("GATEWAY_PORT", {"GATEWAY_PORT": text})


def test_a_port_is_taken_only_while_somebody_listens() -> None:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", 0))
        server.listen()
        number = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", number)):
            assert not ports.is_free(number)
            server.accept()[0].close()
        with pytest.raises(
            CommandFailed, match=rf"{number} is taken by .*process {os.getpid()}.*GATEWAY_PORT="
        ):
            ports.require_free(["GATEWAY_PORT"], {"GATEWAY_PORT": str(number)})
    assert ports.is_free(number)


def test_a_directory_with_other_peoples_things_is_neither_used_nor_deleted(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").touch()
    with pytest.raises(CommandFailed, match="HEIDI_HOME"):
        Home(tmp_path).prepare()
    Home(tmp_path).remove()
    assert (tmp_path / "letter.txt").exists()


def test_a_full_disk_is_said_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tooling.stack.home.NEEDED_BYTES", 10**18)
    with pytest.raises(CommandFailed, match="less than 300 MB"):
        Home(tmp_path / ".heidi").prepare()


def test_a_log_that_grew_too_large_is_shortened_and_its_writer_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tooling.stack.logs.LARGEST", 10)
    home = Home(tmp_path)
    home.logs.mkdir()
    log = home.log("gateway")
    with log.open("a") as writer:
        writer.write("a long first line\n")
        writer.flush()
        lines = follow([log])
        shorten(home)
        writer.write("next\n")
        writer.flush()
        assert tail(log, 10) == ["next"]
        assert next(lines) == ("gateway", "next")
    assert log.with_suffix(".1").read_text() == "a long first line\n"


def test_the_tail_of_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert tail(tmp_path / "no.log", 10) == []
    assert last_line(tmp_path / "no.log", 0) == ""
