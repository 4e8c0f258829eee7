"""A build that got stuck goes on by itself, or ends and costs nothing; whoever asks sees where it is."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from functions.factory.builds import steps
from functions.factory.builds.build import TRIES
from functions.factory.pwa.bundle import build_bundle
from shared.adapters import storage
from shared.kit.settings import settings
from tests.adapters.running import ThirdParties, free_ports
from tests.factory.test_quotas import used
from tests.factory.test_web_build import built, prepare, trigger
from tests.support import City, call
from tooling.generate.openapi import render
from tooling.registry import records
from tooling.stack.environment import entered

pytestmark = pytest.mark.usefixtures("thirdparty")


def tick(**ahead: float) -> None:
    due = (datetime.now(UTC) + timedelta(**ahead)).isoformat()
    done = call(
        "resume-builds",
        path="/",
        token=settings().broker_token.get_secret_value(),
        headers={"x-heidi-tick": due},
    )
    assert done.status == 204, done.body


def lose(city: City) -> None:
    """Nobody ever gets what was said so far."""
    city.delivered |= {event.envelope.id for event in city.events()}


def read(city: City, build: str) -> dict[str, Any]:
    found: dict[str, Any] = city.call("get-build", "city_admin", path=f"/api/builds/{build}").body
    return found


def queued(city: City) -> str:
    prepare(city)
    build: str = trigger(city).body["buildId"]
    return build


def test_a_build_whose_event_was_lost_is_begun_again_after_five_minutes(city: City) -> None:
    build = queued(city)
    lose(city)
    tick(minutes=4)
    assert len(city.events("build.queued")) == 1
    tick(minutes=6)
    assert len(city.events("build.queued")) == 2
    city.settle()
    assert read(city, build)["status"] == "completed"


def test_a_build_whose_builder_died_is_built_by_another(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    build = queued(city)
    with monkeypatch.context() as dying:
        dying.setattr(steps.Workshop, "make", lambda _: None)
        city.settle()
    assert read(city, build)["status"] == "building"
    tick(minutes=6)
    city.settle()
    assert read(city, build)["status"] == "completed"


def test_a_builder_that_was_given_up_too_early_finishes_nothing(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    build, late = queued(city), list[steps.Workshop]()

    def keep(workshop: steps.Workshop) -> None:
        late.append(workshop)

    with monkeypatch.context() as slow:
        slow.setattr(steps.Workshop, "make", keep)
        city.settle()
    tick(minutes=6)
    city.settle()
    done = read(city, build)
    late[0].make()
    assert read(city, build) | {"artifactUrl": ""} == done | {"artifactUrl": ""}
    assert len(city.events("build.completed")) == 1


def test_a_build_that_nothing_becomes_of_fails_gives_its_quota_back_and_makes_room_for_another() -> None:
    with City.known("schriesheim", quotas={"builds": 1}) as city:
        build = queued(city)
        for number in range(TRIES + 1):
            lose(city)
            tick(minutes=6 * (number + 1))
        failed = read(city, build)
        assert (failed["status"], failed["error"]) == ("failed", "TIMED_OUT")
        assert [said.data["reason"] for said in city.events("build.failed")] == ["TIMED_OUT"]
        assert used(city) == {"builds": 0}
        another = trigger(city)
        assert (another.status, another.body["status"], another.body["buildId"] != build) == (
            202,
            "queued",
            True,
        )


def test_the_quota_comes_back_in_the_month_in_which_it_was_spent(city: City) -> None:
    build = queued(city)
    city.rows("factory", "UPDATE builds SET created_at = '2020-01-31T23:59:59Z' RETURNING 1")
    city.rows(
        "factory",
        "INSERT INTO usage (tenant_id, kind, period, used) VALUES (:tenant, 'builds', '2020-01', 3) RETURNING 1",
        tenant=city.id,
    )
    tick(minutes=6)
    assert read(city, build)["status"] == "failed"
    found = dict(city.rows("factory", "SELECT period, used FROM usage WHERE kind = 'builds'"))
    assert found == {"2020-01": 2, f"{datetime.now(UTC):%Y-%m}": 1}


def test_asking_again_never_gives_a_dead_build_even_where_no_tick_comes(city: City) -> None:
    build = queued(city)
    city.rows("factory", "UPDATE builds SET created_at = created_at - interval '25 hours' RETURNING 1")
    another = trigger(city).body
    assert (another["status"], another["buildId"] != build) == ("queued", True)
    assert read(city, build)["status"] == "failed"


def test_a_build_waits_while_the_file_storage_is_away_and_goes_on_by_itself(
    city: City, thirdparty: ThirdParties
) -> None:
    prepare(city)
    with entered({**thirdparty.environment(), "S3_ENDPOINT": f"http://127.0.0.1:{free_ports(1)[0]}"}):
        build = trigger(city).body["buildId"]
        for number in range(TRIES + 2):
            city.settle()  # every event is taken: nothing becomes a dead letter
            waiting = read(city, build)
            assert (waiting["status"], waiting["log"][-1]["note"]) == ("queued", "waits: STORAGE_UNAVAILABLE")
            tick(minutes=2 * (number + 1))
    city.settle()
    assert read(city, build)["status"] == "completed"


def test_it_waits_too_when_the_storage_goes_while_it_is_built(
    city: City, thirdparty: ThirdParties, monkeypatch: pytest.MonkeyPatch
) -> None:
    build, really = queued(city), storage.get

    def away(*_: object) -> bytes:
        raise storage.StorageUnavailable

    monkeypatch.setattr(storage, "get", away)
    city.settle()
    assert read(city, build)["log"][-1]["note"] == "waits: STORAGE_UNAVAILABLE"
    monkeypatch.setattr(storage, "get", really)
    tick(minutes=2)
    city.settle()
    assert read(city, build)["status"] == "completed"


def test_every_step_is_seen_when_it_begins_and_has_its_own_time(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    build, seen = queued(city), list[str]()
    bundle, put = build_bundle, storage.put

    def watched(step: Any) -> Any:
        def does(*values: Any, **more: Any) -> Any:
            seen.append(read(city, build)["status"])
            return step(*values, **more)

        return does

    monkeypatch.setattr(steps, "build_bundle", watched(bundle))
    monkeypatch.setattr(storage, "put", watched(put))
    city.settle()
    assert seen[-2:] == ["building", "uploading"]
    times = [line["at"] for line in read(city, build)["log"]]
    assert times == sorted(times)
    assert len(set(times[3:])) == len(times[3:])


def test_a_completed_build_says_where_its_artifact_is_and_others_nothing(city: City) -> None:
    assert read(city, queued(city))["artifactUrl"] is None
    lose(city)
    city.rows("factory", "UPDATE builds SET status = 'failed', finished_at = now() RETURNING 1")
    assert httpx.get(read(city, built(city)["buildId"])["artifactUrl"]).status_code == 200


def test_the_city_may_be_named_and_must_be_the_callers(city: City, other_city: City) -> None:
    prepare(city)
    assert trigger(city, tenantId=str(city.id)).status == 202
    refused = trigger(city, tenantId=str(other_city.id))
    assert (refused.status, refused.code) == (403, "TENANT_MISMATCH")
    assert trigger(city, tenantId=str(uuid4())).status == 403


def config_of(city: City) -> dict[str, Any]:
    config = city.call("get-app-config", "city_admin").body
    return {key: config[key] for key in ("appName", "shortName", "bundleId", "features", "theme")}


def test_a_configuration_that_comes_along_counts_from_now_on(city: City) -> None:
    prepare(city)
    config = config_of(city)
    assert trigger(city, config=config).body["configVersion"] == 1
    assert trigger(city, config=config | {"appName": "Anders"}).body["configVersion"] == 2
    assert config_of(city)["appName"] == "Anders"
    unreadable = config | {"theme": config["theme"] | {"text": "#ffffff"}}
    assert trigger(city, config=unreadable).code == "CONTRAST_TOO_LOW"


def test_a_configuration_in_part_is_refused_and_the_description_says_so(city: City) -> None:
    prepare(city)
    config = config_of(city)
    for left_out in ("appName", "shortName", "bundleId", "theme"):
        refused = trigger(city, config={key: value for key, value in config.items() if key != left_out})
        assert (refused.status, refused.code) == (422, "VALIDATION_FAILED")
        assert left_out in str(refused.body["error"]["details"])
    assert (config_of(city), city.events("build.queued")) == (config, [])
    asked = json.loads(render(records()))["components"]["schemas"]["BuildIn"]
    assert "a whole configuration" in asked["description"]
    assert "422" in asked["description"]


def test_eight_who_save_at_once_all_have_a_version_of_their_own(city: City) -> None:
    prepare(city)
    config = config_of(city)
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: city.call("save-app-config", "super_city_admin", body=config), range(8))
        )
    assert sorted((answer.status, answer.body.get("version")) for answer in answers) == [
        (200, version) for version in range(2, 10)
    ]
