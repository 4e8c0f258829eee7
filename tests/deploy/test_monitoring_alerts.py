"""Every alert rings when it should, not just below, and stops: promtool plays the series of alert_cases.py
against the rules.
"""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.alert_cases import CASES, STRETCHES, Case
from tests.programs import program
from tooling.registry import ROOT

RULES = sorted((ROOT / "deploy" / "monitoring" / "prometheus" / "rules").glob("*.yml"))
UNRENDERED = re.compile(r"<error|<no value>|%!|\{\{")


def groups(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(path.read_text())["groups"]
    return found


def alerts_in(path: Path) -> list[dict[str, Any]]:
    return [rule for group in groups(path) for rule in group["rules"] if "alert" in rule]


def alerts() -> list[dict[str, Any]]:
    return [alert for path in RULES for alert in alerts_in(path)]


# what an alert needs is recorded in its own file
HOME = {alert["alert"]: path for path in RULES for alert in alerts_in(path)}
TOGETHER = sorted({(HOME[case.alert], case.step) for case in CASES})


def played(case: Case, looks: dict[str, Any]) -> dict[str, Any]:
    """A test for promtool."""
    series = [{"series": name, "values": values} for name, values in case.series.items()]
    return {"name": case.id, "interval": f"{case.step}m", "input_series": series, **looks}


def looks(case: Case) -> dict[str, Any]:
    """What the series ALERTS says at each moment; for ticks and services others may ring too, so it is asked
    by its labels.
    """
    labels = {"alertname": case.alert, "alertstate": "firing", "severity": case.severity, **case.labels}
    mine = {
        key: value
        for key, value in labels.items()
        if key in ("alertname", "alertstate", "function", "service")
    }
    ringing = "ALERTS{" + ", ".join(f'{key}="{value}"' for key, value in sorted(labels.items())) + "}"
    at = [(n, [{"labels": ringing, "value": 1}]) for n in case.rings] + [(n, []) for n in case.silent]
    expr = "ALERTS{" + ",".join(f'{key}="{value}"' for key, value in mine.items()) + "}"
    return {
        "promql_expr_test": [
            {"expr": expr, "eval_time": f"{n * case.step}m", "exp_samples": seen} for n, seen in at
        ]
    }


def texts(case: Case) -> dict[str, Any]:
    """Promtool shows an alert's texts only when it did not expect it: so it is told to expect none."""
    return {
        "alert_rule_test": [
            {"eval_time": f"{case.rings[0] * case.step}m", "alertname": case.alert, "exp_alerts": []}
        ]
    }


def run(
    directory: Path, rules: Path, step: int, tests: list[dict[str, Any]]
) -> "subprocess.CompletedProcess[str]":
    """Rules are evaluated at every step, what is recorded before what rings: a step may be longer than a
    sample is remembered.
    """
    order = [group["name"] for group in groups(rules)]
    told = directory / "test.yml"
    told.write_text(
        yaml.safe_dump(
            {
                "rule_files": [str(rules)],
                "evaluation_interval": f"{step}m",
                "group_eval_order": order,
                "tests": tests,
            }
        )
    )
    return subprocess.run(
        [program("promtool"), "test", "rules", str(told)], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("rules", "step"), TOGETHER, ids=lambda each: each.stem if isinstance(each, Path) else f"{each}m"
)
def test_every_alert_rings_when_it_should_and_only_then(rules: Path, step: int, tmp_path: Path) -> None:
    cases = [case for case in CASES if (HOME[case.alert], case.step) == (rules, step)]
    done = run(tmp_path, rules, step, [played(case, looks(case)) for case in cases])
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_case_in_which_it_rings_and_one_in_which_it_does_not() -> None:
    assert {case.alert for case in CASES if case.rings} == HOME.keys()
    assert {case.alert for case in CASES if case.silent} == HOME.keys() - {"Watchdog"}
    # each look is a stretch's last
    assert (sum(STRETCHES[:1]) - 1, sum(STRETCHES[:2]) - 1, sum(STRETCHES) - 1) == (19, 59, 119)


@pytest.mark.parametrize(
    ("rules", "step"), TOGETHER, ids=lambda each: each.stem if isinstance(each, Path) else f"{each}m"
)
def test_summaries_and_descriptions_are_filled_in_with_what_was_measured(
    rules: Path, step: int, tmp_path: Path
) -> None:
    cases = [case for case in CASES if (HOME[case.alert], case.step) == (rules, step) and case.rings]
    said = run(tmp_path, rules, step, [played(case, texts(case)) for case in cases])
    shown = (said.stdout + said.stderr).split("got:")[1:]
    assert len(shown) == len(cases)
    for case, got in zip(cases, shown, strict=True):
        assert f'alertname="{case.alert}"' in got
        assert not UNRENDERED.search(got), got
        described = re.search(r'description="(.*?)", runbook', got)
        assert described, got
        assert case.alert == "Watchdog" or any(
            word in described[1] for word in (*case.labels.values(), *"0123456789")
        ), got


@pytest.mark.parametrize(
    "alert", alerts(), ids=lambda alert: alert["alert"] + alert["labels"].get("window", "")
)
def test_every_alert_says_how_bad_it_is_what_it_means_and_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in ("critical", "warning", "none")
    assert alert["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert alert["alert"] == "Watchdog" or alert["for"]


def test_every_runbook_that_an_alert_names_is_there() -> None:
    named = {alert["annotations"]["runbook_url"] for alert in alerts()}
    assert {path for path in named if not (ROOT / path).is_file()} == set()
