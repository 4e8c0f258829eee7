"""What a function can say of itself wrongly is refused with a sentence, before anything is generated from it."""

from uuid import UUID

import pytest

from shared.context import Context
from shared.function import Misdeclared, http, on, record_of, requires, signed_in, tick
from shared.kit.keepers import keepers
from shared.runtime import registry
from tooling.registry import RegistryError, contradictions, records, unkept


def handler(ctx: Context) -> None:
    """Stands for any."""


def problem(decorated: object) -> str:
    [found] = contradictions([record_of(decorated)])  # type: ignore[arg-type]
    return found


def test_a_method_that_does_not_exist_is_no_attribute() -> None:
    with pytest.raises(AttributeError):
        http.pots  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize(
    "declare",
    [
        http.post("/api/x", emit=[]),  # type: ignore[call-arg]  # mypy says so too
        on(emit=[]),  # type: ignore[call-arg]
        tick("* * * * *", feature="chatbot"),  # type: ignore[call-arg]
    ],
)
def test_a_fact_that_functions_cannot_say_is_named_beside_those_that_they_can(declare) -> None:
    with pytest.raises(
        Misdeclared, match=r"handler: a function cannot say (emit|feature); it can say .*emits"
    ):
        declare(handler)


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
        problem(http.get("/api/x/{thing_id}", public=True)(handler))
        == "handler: its path holds {thing_id}, which is none of its parameters"
    )


def test_a_placeholder_that_is_a_parameter_is_well() -> None:
    def read(ctx: Context, thing_id: UUID) -> None:
        """Reads it."""

    assert contradictions([record_of(http.get("/api/x/{thing_id}", public=True)(read))]) == []


def test_a_module_or_a_permission_that_does_not_exist_is_named() -> None:
    assert problem(http.get("/api/x", public=True, feature="defekts")(handler)).startswith(  # type: ignore[arg-type]
        "handler: defekts is no module: admin_management, ads, "
    )

    @http.get("/api/x")
    @requires("listings:aprove")  # type: ignore[arg-type]
    def approve(ctx: Context) -> None:
        """Needs what nobody has."""

    assert problem(approve) == "approve: nobody holds the permission listings:aprove"


def test_a_file_whose_function_has_another_name_does_not_vanish(tmp_path, monkeypatch) -> None:
    folder = tmp_path / "functions" / "vanishing"
    folder.mkdir(parents=True)
    path = folder / "report_defect.py"
    path.write_text(
        '"""Report."""\nfrom shared.function import http\n\n\n@http.get("/x", public=True)\ndef report_a_defect(ctx): ...\n'
    )
    monkeypatch.setattr(registry, "ROOT", tmp_path)
    monkeypatch.setattr("importlib.import_module", lambda _: type("Module", (), {"report_a_defect": handler}))
    with pytest.raises(
        RegistryError, match=r"functions/vanishing/report_defect.py holds a function of another name"
    ):
        registry.handler_of(path)


def test_a_service_with_a_database_that_would_leave_people_behind_is_refused() -> None:
    assert unkept(records().values()) == []
    assert unkept(records().values(), ["modules"]) == [
        "modules has a database, and nothing in it hears UserDeleted: write functions/modules/erase_modules_data.py",
        "modules has a database, and nothing in it hears ExportRequested: write functions/modules/export_modules_data.py",
    ]


def test_a_folder_that_a_change_of_branch_left_behind_is_no_service(tmp_path) -> None:
    (tmp_path / "gone" / "migrations" / "versions" / "__pycache__").mkdir(parents=True)
    (tmp_path / "there" / "migrations" / "versions").mkdir(parents=True)
    (tmp_path / "there" / "migrations" / "versions" / "0001_first.py").touch()
    assert keepers(tmp_path) == ("there",)
