"""What a function can say of itself wrongly is refused with a sentence, before anything is generated from it."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from events.privacy import ExportRequested, UserDeleted
from shared.context import Context
from shared.function import Misdeclared, http, on, record_of, requires, signed_in, tick
from shared.kit.keepers import keepers
from shared.runtime import registry
from shared.runtime.binding import Binding
from shared.schema import Schema
from tooling.declarations import misfits
from tooling.registry import RegistryError, contradictions, records, unkept


def fresh() -> Callable[[Context], None]:
    """A handler that stands for any."""

    def handler(ctx: Context) -> None: ...

    return handler


def problem(decorated: object) -> str:
    [found] = contradictions([record_of(decorated)])  # type: ignore[arg-type]  # what a decorator gave back
    return found


def test_a_method_that_does_not_exist_is_no_attribute() -> None:
    with pytest.raises(AttributeError):
        http.pots  # type: ignore[attr-defined]  # noqa: B018 (the mistake)


@pytest.mark.parametrize(
    "declare",
    [
        http.post("/api/x", emit=[]),  # type: ignore[call-arg]  # mypy says so too
        on(emit=[]),  # type: ignore[call-arg]  # the mistake
        tick("* * * * *", feature="chatbot"),  # type: ignore[call-arg]  # the mistake
    ],
)
def test_a_fact_that_functions_cannot_say_is_named_beside_those_that_they_can(declare) -> None:
    with pytest.raises(
        Misdeclared, match=r"handler: a function cannot say (emit|feature); it can say .*emits"
    ):
        declare(fresh())


@pytest.mark.parametrize(
    ("mark", "name"), [(signed_in, "@signed_in"), (requires("listings:read"), "@requires")]
)
def test_a_mark_above_http_is_told_where_to_stand(mark, name: str) -> None:
    def late(ctx: Context) -> None:
        """Decorated the wrong way round."""

    with pytest.raises(Misdeclared, match=f"late: write {name} below @http"):
        mark(http.post("/api/x")(late))


def test_a_placeholder_that_is_no_parameter_would_refuse_every_call() -> None:
    assert (
        problem(http.get("/api/x/{thing_id}", public=True)(fresh()))
        == "handler: its path holds {thing_id}, which is none of its parameters"
    )


def test_an_answer_that_hangs_on_its_path_is_not_kept_by_its_query() -> None:
    def read(ctx: Context, thing_id: UUID) -> None:
        """Reads it."""

    declared = http.get("/api/x/{thing_id}", public=True, cache=("listings",), kept=True)(read)
    assert "kept is for a path without placeholders" in problem(declared)


def test_a_placeholder_that_is_a_parameter_is_well() -> None:
    def read(ctx: Context, thing_id: UUID) -> None:
        """Reads it."""

    assert contradictions([record_of(http.get("/api/x/{thing_id}", public=True)(read))]) == []


def test_a_module_or_a_permission_that_does_not_exist_is_named() -> None:
    assert problem(http.get("/api/x", public=True, feature="defekts")(fresh())).startswith(  # type: ignore[arg-type]  # the mistake
        "handler: feature knows no defekts, only admin_management, ads, "
    )

    @http.get("/api/x")
    @requires("listings:aprove")  # type: ignore[arg-type]  # the mistake
    def approve(ctx: Context) -> None:
        """Needs what nobody has."""

    assert problem(approve) == "approve: nobody holds the permission listings:aprove"


def takes(**hints: Any) -> Callable[..., None]:
    """A handler with these parameters besides the context."""

    def handler(ctx: Context, **_: Any) -> None: ...

    kinds = {"ctx": Context, **hints}
    handler.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # where inspect looks first
        [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in kinds]
    )
    handler.__annotations__ = {**kinds, "return": None}
    return handler


class Body(Schema):
    """Some body."""


async def awaited(ctx: Context) -> None: ...


def without_context(listing_id: UUID) -> None: ...


def untyped(ctx: Context, listing_id) -> None: ...


def unsaid(ctx: Context): ...


def giving(ctx: Context) -> Body:
    return Body()


OPEN: Any = {"public": True}
NO_SENSE: list[tuple[str, Callable[[], Any]]] = [
    ("it is async", lambda: http.get("/api/x", **OPEN)(awaited)),
    ("its first parameter is `ctx: Context`", lambda: http.get("/api/x", **OPEN)(without_context)),
    ("nothing says what its parameter listing_id is", lambda: http.get("/api/x", **OPEN)(untyped)),
    ("nothing says what it returns", lambda: http.get("/api/x", **OPEN)(unsaid)),
    ("min_scale=-1 is not between 0 and", lambda: http.get("/api/x", min_scale=-1, **OPEN)(fresh())),
    ("timeout=0 is not between 1 and", lambda: http.get("/api/x", timeout=0, **OPEN)(fresh())),
    ("memory=3 is not between 64 and", lambda: http.get("/api/x", memory=3, **OPEN)(fresh())),
    ("status=999 is not between 200 and 399", lambda: http.get("/api/x", status=999, **OPEN)(fresh())),
    ("body_limit=0 is not between 1 and", lambda: http.post("/api/x", body_limit=0, **OPEN)(fresh())),
    ("tags is a tuple: ('old',)", lambda: http.get("/api/x", **OPEN, **as_said(tags="old"))(fresh())),
    ("scale_on knows no gpu, only", lambda: http.get("/api/x", **OPEN, **as_said(scale_on="gpu"))(fresh())),
    (
        "cache knows no listing, only",
        lambda: http.get("/api/x", **OPEN, **as_said(cache=("listing",)))(fresh()),
    ),
    ("cache is for a public GET", lambda: http.post("/api/x", cache=("listings",), **OPEN)(fresh())),
    ("cache is for a public GET", lambda: http.get("/api/x", cache=("listings",))(signed_in(fresh()))),
    ("never_stored means nothing here", lambda: http.get("/api/x", never_stored=True, **OPEN)(fresh())),
    ("begins with a slash and ends without one", lambda: http.get("api/x", **OPEN)(fresh())),
    ("begins with a slash and ends without one", lambda: http.get("/api/x/", **OPEN)(fresh())),
    ("a placeholder that is none", lambda: http.get("/api/{thing-id}", **OPEN)(fresh())),
    ("a placeholder that is none", lambda: http.get("/api/{thing", **OPEN)(fresh())),
    ("it has 0", lambda: http.get("/api/x", among=("imprint",), **OPEN)(fresh())),
    (
        "says twice who may call: public and internal",
        lambda: http.get("/api/x", internal=True, **OPEN)(fresh()),
    ),
    ("about somebody who has logged in", lambda: http.get("/api/x", in_person=True, **OPEN)(fresh())),
    ("about somebody who has logged in", lambda: http.get("/api/x", fresh_login=True, **OPEN)(fresh())),
    ("a GET has no body: listing", lambda: http.get("/api/x", **OPEN)(takes(listing=Body))),
    ("these are 2: listing, picture", lambda: http.post("/api/x", **OPEN)(takes(listing=Body, picture=Body))),
    ("204 has no content", lambda: http.delete("/api/x", status=204, **OPEN)(giving)),
    ("it hears nothing", lambda: on()(takes(event=UserDeleted))),
    ("and not 0 things", lambda: on(UserDeleted)(fresh())),
    (
        "it hears UserDeleted, and its parameter event is none",
        lambda: on(UserDeleted)(takes(event=ExportRequested)),
    ),
    ("'nonsense' is no moment that ever comes", lambda: tick("nonsense")(fresh())),
    ("'0 0 31 2 *' is no moment that ever comes", lambda: tick("0 0 31 2 *")(fresh())),
    ("a clock brings nothing along: it has no listing_id", lambda: tick("* * * * *")(takes(listing_id=UUID))),
]


def as_said(**facts: Any) -> Any:
    """Facts that a type checker would refuse."""
    return facts


@pytest.mark.parametrize(("sentence", "declared"), NO_SENSE)
def test_what_makes_no_sense_is_told_in_a_sentence(sentence: str, declared: Callable[[], Any]) -> None:
    assert sentence in "\n".join(misfits(record_of(declared())))


@pytest.mark.parametrize(
    ("sentence", "declare"),
    [
        (
            "emits is a list of classes of Event",
            lambda: http.post("/x", **as_said(emits=UserDeleted))(fresh()),
        ),
        (
            "emits is a list of classes of Event",
            lambda: http.post("/x", **as_said(emits=["user.deleted"]))(fresh()),
        ),
        (
            "raises is a list of classes of Problem",
            lambda: http.post("/x", **as_said(raises=[ValueError]))(fresh()),
        ),
        ("this one has two decorators", lambda: http.get("/x")(http.get("/y")(fresh()))),
        (r'@http.get\("/api/listings"\)', lambda: http.get(as_said(x=fresh())["x"])),
        (r'@requires\("listings:approve"\)', lambda: requires(as_said(x=fresh())["x"])),
    ],
)
def test_what_cannot_be_a_declaration_is_refused_where_it_stands(sentence: str, declare: Any) -> None:
    with pytest.raises(Misdeclared, match=sentence):
        declare()


def test_no_function_of_ours_makes_no_sense() -> None:
    assert contradictions(records().values()) == []


def test_an_answer_where_none_was_declared_is_a_mistake_and_no_answer() -> None:
    binding = Binding.of(record_of(http.get("/api/x", public=True)(fresh())))
    assert binding.answer(None, 200).status == 204
    with pytest.raises(TypeError, match="declared to return nothing, and returned dict"):
        binding.answer({"id": 1}, 200)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "@http.get('/x')\ndef report_defect(ctx): ...\n\n\n@http.get('/y')\ndef more(ctx): ...\n",
            "holds 2 functions",
        ),
        ("@requires('listings:read')\ndef report_defect(ctx): ...\n", "says who may call, and not how"),
        ("@signed_in\ndef report_defect(ctx): ...\n", "says who may call, and not how"),
    ],
)
def test_what_would_vanish_from_a_file_is_told(
    text: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "functions" / "vanishing" / "report_defect.py"
    path.parent.mkdir(parents=True)
    path.write_text('"""Report."""\n\n' + text)
    monkeypatch.setattr(registry, "ROOT", tmp_path)
    with pytest.raises(RegistryError, match=rf"report_defect.py {sentence}"):
        registry.handler_of(path)


def test_a_file_whose_function_has_another_name_does_not_vanish(tmp_path, monkeypatch) -> None:
    folder = tmp_path / "functions" / "vanishing"
    folder.mkdir(parents=True)
    path = folder / "report_defect.py"
    path.write_text(
        '"""Report."""\nfrom shared.function import http\n\n\n@http.get("/x", public=True)\ndef report_a_defect(ctx): ...\n'
    )
    monkeypatch.setattr(registry, "ROOT", tmp_path)
    monkeypatch.setattr("importlib.import_module", lambda _: type("Module", (), {"report_a_defect": fresh()}))
    with pytest.raises(
        RegistryError, match=r"functions/vanishing/report_defect.py holds a function of another name"
    ):
        registry.handler_of(path)


def test_a_service_with_a_database_that_would_leave_people_behind_is_refused() -> None:
    assert unkept(records().values()) == []
    assert unkept(records().values(), ["nowhere"]) == [
        "nowhere has a database, and nothing in it hears UserDeleted: write functions/nowhere/erase_nowhere_data.py",
        "nowhere has a database, and nothing in it hears ExportRequested: write functions/nowhere/export_nowhere_data.py",
    ]


def test_a_folder_that_a_change_of_branch_left_behind_is_no_service(tmp_path) -> None:
    (tmp_path / "gone" / "migrations" / "versions" / "__pycache__").mkdir(parents=True)
    (tmp_path / "there" / "migrations" / "versions").mkdir(parents=True)
    (tmp_path / "there" / "migrations" / "versions" / "0001_first.py").touch()
    assert keepers(tmp_path) == ("there",)
