"""Modules are services in a service: each by itself, in one database, with names of its own."""

from grimp import ImportGraph
from importlinter.application.user_options import UserOptions

from shared.db.privacy import models_of
from tooling.contracts import ModulesContract
from tooling.generate.schemas import short


def contract() -> ModulesContract:
    options = {"package": "functions.modules"}
    return ModulesContract(
        name="modules", session_options=UserOptions({}, []).session_options, contract_options=options
    )


def graph(*arrows: tuple[str, str]) -> ImportGraph:
    made = ImportGraph()
    for name in ("", ".models", ".defects", ".defects.defect", ".waste", ".waste.tour"):
        made.add_module(f"functions.modules{name}")
    for importer, imported in arrows:
        made.add_import(importer=f"functions.modules.{importer}", imported=f"functions.modules.{imported}")
    return made


def test_a_module_that_imports_another_breaks_the_rule() -> None:
    assert not contract().check(graph(("defects.defect", "waste.tour")), verbose=False).kept


def test_a_module_that_imports_another_by_a_detour_breaks_the_rule() -> None:
    detour = graph(("defects.defect", "models"), ("models", "waste.tour"))
    assert contract().check(detour, verbose=False).metadata["ways"] == [
        ("functions.modules.defects.defect", "functions.modules.models", "functions.modules.waste.tour")
    ]


def test_the_services_own_files_may_import_its_modules_and_modules_their_own() -> None:
    arrows = [("models", "waste.tour"), ("models", "defects.defect"), ("defects", "defects.defect")]
    assert contract().check(graph(*arrows), verbose=False).kept


def test_before_there_is_a_module_the_rule_holds() -> None:
    assert contract().check(ImportGraph(), verbose=False).kept


def test_schemas_of_one_name_are_called_by_service_or_module() -> None:
    assert short("functions__city__domains__domain__Kind") == "CityKind"
    assert short("functions__modules__waste__tour__Kind") == "WasteKind"
    assert short("functions__modules__poi_map__marker__Kind-Input") == "PoiMapKindInput"


def test_a_service_of_modules_holds_what_its_modules_hold(tmp_path, monkeypatch) -> None:
    for name, models in (
        ("waste", "MODELS = ['tours']"),
        ("defects", "MODELS = ['defects', 'photos']"),
        ("bare", ""),
    ):
        folder = tmp_path / "several" / name
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
        if models:
            (folder / "models.py").write_text(models)
    (tmp_path / "several" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert list[object](models_of("several")) == ["defects", "photos", "tours"]
