"""`./heidi new`: what it writes passes the checks and its own test; what does not fit is refused before a file
is touched.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shared.kit.languages import LANGUAGES
from tooling.command_failed import CommandFailed
from tooling.new.function import Wanted, function
from tooling.new.place import Place
from tooling.new.plan import Plan
from tooling.new.words import plural, singular
from tooling.registry import ROOT

HERE = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
LEFT_OUT = shutil.ignore_patterns(".git", ".venv*", ".heidi*", "__pycache__", "node_modules", ".*_cache")


def run(checkout: Path, *module: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", *module],
        cwd=checkout,
        env=HERE,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def new(checkout: Path, *words: str) -> str:
    return run(checkout, "tooling.cli", "new", *words).stdout


def test_a_function_in_a_new_module_is_green_at_once(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    shutil.copytree(ROOT, checkout, ignore=LEFT_OUT, symlinks=True)
    said = new(
        checkout, "function", "modules/defects/make_gizmo", "--post", "/api/gizmos",
        "--emits", "GizmoMade", "--field", "place:line", "--field", "details:words?", "--field", "photo:photo?",
    )  # fmt: skip
    assert "left     functions/modules/defects/tables.py: privacy" in said
    new(checkout, "function", "modules/defects/close_gizmo", "--post", "/api/gizmos/{gizmo_id}/close")
    new(checkout, "function", "modules/defects/remove_gizmo", "--delete", "/api/gizmos/{gizmo_id}")
    new(
        checkout,
        "function",
        "modules/defects/turn_gizmos",
        "--every",
        "*/5 * * * *",
        "--emits",
        "GizmoTurned",
    )
    run(checkout, "ruff", "check", ".")
    run(checkout, "ruff", "format", "--check", ".")
    run(checkout, "tooling.cli", "generate", "--check")
    run(checkout, "pytest", "-q", "-p", "no:cacheprovider", "-k", "gizmo", "tests/modules")


@pytest.mark.parametrize(
    ("place", "wanted", "sentence"),
    [
        ("modules/defect", Wanted("feed_pet", "post", "/api/pets"), "defect is no module of the platform, but defects is"),
        ("core", Wanted("make_thing", "post", "/api/things"), "Say where: SERVICE/RESOURCE/VERB_NOUN"),
        ("core/tiles", Wanted("tile", "post", "/api/x"), "tile is no verb and noun"),
        ("core/tiles", Wanted("show_tile"), "Say when it is called"),
        ("core/tiles", Wanted("create_tile", "post", "/api/x"), "There is a function create-tile already"),
        ("core/tiles", Wanted("make_tile", "post", "/api/tiles"), "answered already: by create-tile"),
        ("core/tiles", Wanted("make_tile", "post", "/tiles"), "/tiles is no address"),
        ("core/tiles", Wanted("note_tile", event="TileMelted"), "Nobody says TileMelted"),
        ("core/tiles", Wanted("get_x_tile", "get", "/api/x", permission="tiles:eat"), "--held-by ROLE makes it"),
        ("core/tiles", Wanted("get_x_tile", "get", "/api/x", permission="tiles:wirte"), "but there is tiles:write"),
        ("core/swings", Wanted("oil_swings", cron="* * * * *"), "has nothing that oil_swings could be about"),
        ("core/swings", Wanted("build_swing", "post", "/api/swings", fields=("height:tall",)), "the kind is one of"),
        ("core/swings", Wanted("build_swing", "post", "/api/swings", fields=("a:line", "photo:photo")), "for modules"),
        ("modules/defects", Wanted("show_wall", "post", "/api/x", fields=("photo:photo",)), "beside the photo"),
        ("modules/defects", Wanted("show_wall", "post", "/api/x", fields=("front:photo",)), "has one photo"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_a_sentence(place: str, wanted: Wanted, sentence: str) -> None:
    with pytest.raises(CommandFailed, match=sentence):
        function(Plan(), Place.of(place), wanted)


def test_a_module_and_a_permission_that_are_new_stand_where_the_platform_knows_them() -> None:
    plan = Plan()
    wanted = Wanted("list_nooks", "get", "/api/nooks", permission="nooks:tidy", held_by="city_admin")
    function(plan, Place.of("modules/nooks"), wanted)
    features, rbac = plan.files[Path("shared/kit/features.py")], plan.files[Path("shared/auth/rbac.py")]
    said: dict[str, Any] = {}
    exec(features, said)
    exec(rbac, said)
    assert "nooks" in said["MODULES"]
    holders = [role for role, held in said["MATRIX"].items() if "nooks:tidy" in held]
    assert holders == ["super_admin", "super_city_admin", "city_admin"]
    assert "nooks:tidy" in said["all_permissions"]()


def test_a_message_has_a_text_in_every_language_and_goes_to_whom_the_event_names() -> None:
    plan = Plan()
    wanted = Wanted("praise_author", event="ListingApproved", emits=("NotificationRequested",))
    function(plan, Place.of("core/praise"), wanted)
    assert "user_id=event.contributor_id" in plan.files[Path("functions/core/praise/praise_author.py")]
    for language in LANGUAGES:
        mails = json.loads(plan.files[Path(f"functions/notification/mails/{language}.json")])
        assert {"subject", "body"} <= mails["praise_author"].keys()


def test_nothing_is_overwritten_and_what_fails_is_taken_back() -> None:
    plan = Plan()
    with pytest.raises(CommandFailed, match="overwrites nothing"):
        plan.create(Path("functions/core/tiles/tile.py"), "package", what="Tiles")
    readme = (ROOT / "README.md").read_bytes()
    plan.before = {Path("README.md"): readme, Path("functions/core/nothing.py"): None}
    plan.take_back()
    assert (ROOT / "README.md").read_bytes() == readme


@pytest.mark.parametrize(
    ("one", "many"),
    [("defect", "defects"), ("category", "categories"), ("box", "boxes"), ("address", "addresses")],
)
def test_things_have_a_singular_and_a_plural(one: str, many: str) -> None:
    assert (plural(one), singular(many)) == (many, one)
