"""`./heidi up` and its companions, run as a person runs them."""

import json
import os
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.tooling.support import Checkout, eventually

STEPS = ("migrate", "seed", "content")
CHILDREN = ("postgres", "redis", "thirdparty", "broker", "gateway")


@pytest.fixture
def running(checkout: Checkout) -> Checkout:
    if not checkout.is_well():
        checkout.up()
    return checkout


@pytest.fixture
def stopped(checkout: Checkout) -> Checkout:
    checkout.heidi("down")
    return checkout


def test_up_starts_everything_and_says_what_to_open(stopped: Checkout) -> None:
    output = stopped.up()
    assert "HEIDI is ready" in output
    assert "Log in as the tester" in output
    code, table = stopped.heidi("status")
    assert code == 0
    assert all(name in table for name in CHILDREN)


def test_a_second_up_says_that_it_is_already_running(running: Checkout) -> None:
    for arguments in (("up",), ("up", "-d")):
        code, output = running.heidi(*arguments)
        assert code == 0
        assert "already running" in output


def test_what_was_killed_is_started_again(running: Checkout) -> None:
    before = {name: running.record(name)["pid"] for name in CHILDREN}
    for name in CHILDREN:
        running.kill(name)
    eventually(lambda: all(running.record(name)["pid"] not in {0, before[name]} for name in CHILDREN))
    eventually(running.is_well)


def test_a_killed_supervisor_takes_its_children_along_and_the_next_up_starts_cleanly(
    running: Checkout,
) -> None:
    running.kill("supervisor")
    eventually(lambda: running.heidi("status")[0] == 1)
    running.up()
    assert running.is_well()


def test_supervisor_and_postgres_killed_together_leave_nothing_that_hinders_the_next_up(
    running: Checkout,
) -> None:
    running.kill("supervisor")
    running.kill("postgres")
    running.up()
    assert running.is_well()


def test_down_stops_everything_and_frees_the_ports(running: Checkout) -> None:
    assert running.heidi("down") == (0, "Stopped.\n")
    assert running.heidi("status")[0] == 1
    for port in running.ports.values():
        with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            pass
    assert running.heidi("down") == (0, "HEIDI was not running.\n")


def test_ctrl_c_stops_the_foreground_in_order(stopped: Checkout) -> None:
    process = stopped.start("up")
    eventually(stopped.is_well)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert "Stopping" in output
    assert list((stopped.home / "run").iterdir()) == []


def test_migrations_and_seeds_run_only_when_something_has_changed(stopped: Checkout) -> None:
    stopped.up()
    stopped.heidi("down")
    before = [stopped.times(step) for step in STEPS]
    assert min(before) >= 1
    stopped.up()
    stopped.heidi("down")
    assert [stopped.times(step) for step in STEPS] == before
    (stopped.root / "functions" / "core" / "migrations" / "0002_more.py").write_text("more = True\n")
    stopped.up()
    assert [stopped.times(step) for step in STEPS] == [times + 1 for times in before]


def test_what_is_new_is_migrated_while_the_stack_runs_and_what_has_run_and_says_something_else_is_named(
    running: Checkout,
) -> None:
    before, versions = (
        running.times("migrate"),
        running.root / "functions" / "core" / "migrations" / "versions",
    )
    assert running.heidi("up", "-d")[0] == 0
    assert running.times("migrate") == before
    (versions / "0003_new.py").write_text("new = 1\n")
    code, output = running.heidi("up", "-d")
    assert (code, "Migrations" in output, running.times("migrate")) == (0, True, before + 1)
    (versions / "0003_new.py").write_text("new = 1  # a remark is no change\n")
    assert "Changed after it ran" not in running.heidi("status")[1]
    (versions / "0003_new.py").write_text("new = 2\n")
    assert (
        "Changed after it ran here, and migrations run once: functions/core/migrations/versions/0003_new.py"
        in (running.heidi("status")[1])
    )


def test_a_service_that_is_new_gets_its_database_while_the_stack_runs(running: Checkout) -> None:
    versions = running.root / "functions" / "parks" / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions / "0001_first.py").touch()
    output = running.heidi("up", "-d")[1]
    assert "Databases" in output
    assert "Migrations" in output
    assert json.loads((running.home / "migrated.json").read_text()).keys() >= {
        "functions/parks/migrations/versions/0001_first.py"
    }


def test_a_taken_port_is_named_with_its_owner_and_the_way_out(stopped: Checkout) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", stopped.ports["GATEWAY_PORT"]))
        other.listen()
        code, output = stopped.heidi("up", "-d")
    assert code == 1
    assert f"Port {stopped.ports['GATEWAY_PORT']} is taken" in output
    assert "GATEWAY_PORT=" in output
    assert "Traceback" not in output


def test_a_process_that_cannot_start_tells_its_last_words_and_nothing_is_left_running(
    stopped: Checkout,
) -> None:
    main = stopped.root / "tooling" / "gateway" / "__main__.py"
    good = main.read_text()
    main.write_text("raise SystemExit('the routes are not readable')")
    try:
        code, output = stopped.heidi("up", "-d")
    finally:
        main.write_text(good)
    assert code == 1
    assert "Gateway did not start: the routes are not readable" in output
    assert list((stopped.home / "run").iterdir()) == []


def test_a_broken_data_directory_is_named_with_the_way_out(stopped: Checkout) -> None:
    stopped.up()
    stopped.heidi("down")
    control = stopped.home / "postgres" / "data" / "global" / "pg_control"
    hidden = control.rename(control.with_name("hidden"))
    code, output = stopped.heidi("up", "-d")
    hidden.rename(control)
    assert code == 1
    assert "PostgreSQL did not start" in output
    assert "./heidi reset" in output
    assert "Traceback" not in output


def test_damaged_secrets_are_named_with_the_way_out(stopped: Checkout) -> None:
    state = stopped.home / "state.json"
    good = state.read_text()
    state.write_text("{")
    code, output = stopped.heidi("up", "-d")
    assert (code, "state.json is damaged" in output) == (1, True)
    state.unlink()
    code, output = stopped.heidi("up", "-d")
    assert (code, "not the one that belongs to the data" in output) == (1, True)
    state.write_text(good)


def test_what_the_environment_names_is_not_started(running: Checkout, tmp_path: Path) -> None:
    settings = running.settings()
    other = Checkout.make(tmp_path / "other")
    names = (
        "POSTGRES_HOST",
        "POSTGRES_PORT",
        "POSTGRES_ROLES_SECRET",
        "POSTGRES_OWNER",
        "POSTGRES_OWNER_PASSWORD",
        "REDIS_URL",
        "S3_ENDPOINT",
        "SMTP_HOST",
    )
    code, output = other.heidi("up", "-d", **{name: settings[name] for name in names})
    assert code == 0, output
    _, table = other.heidi("status")
    assert other.settings()["REDIS_URL"] == settings["REDIS_URL"]
    other.heidi("reset", "--yes")
    assert not any(name in table for name in ("postgres", "redis"))
    assert str(other.ports["SMTP_PORT"]) not in table


def test_logs_can_be_read_by_name_and_a_wrong_name_lists_the_right_ones(running: Checkout) -> None:
    assert "listening" in running.heidi("logs", "gateway")[1]
    code, output = running.heidi("logs", "gatway")
    assert code == 1
    assert "gateway" in output


def test_code_that_is_newer_than_what_runs_is_said_and_a_restart_runs_it(running: Checkout) -> None:
    assert "newer" not in running.heidi("status")[1]
    changed = running.root / "functions" / "core" / "changed.py"
    changed.write_text("")
    os.utime(changed, (time.time() + 60, time.time() + 60))
    assert "The code is newer than what runs (functions/core/changed.py" in running.heidi("status")[1]
    old = running.record("gateway")["pid"]
    assert "starting gateway again" in running.heidi("up", "-d")[1]
    assert running.record("gateway")["pid"] != old
    changed.unlink()
    assert "again" not in running.heidi("up", "-d")[1]
    before = {name: running.record(name)["pid"] for name in ("gateway", "broker", "postgres")}
    assert running.heidi("restart", "gateway")[1].strip().endswith("Started again: Gateway.")
    after = {name: running.record(name)["pid"] for name in before}
    assert [name for name in before if before[name] != after[name]] == ["gateway"]
    assert running.is_well()
    code, output = running.heidi("restart", "postgres")
    assert (code, "thirdparty, broker, gateway" in output) == (1, True)


def test_a_restart_of_what_does_not_run_says_so(stopped: Checkout) -> None:
    assert stopped.heidi("restart") == (1, "The local stack is not running: ./heidi up -d starts it.\n")


def test_reset_asks_first(running: Checkout) -> None:
    code, _ = running.heidi("reset")
    assert code == 1
    assert running.is_well()
    code, _ = running.heidi("reset", "--yes")
    assert code == 0
    assert not running.home.exists()
