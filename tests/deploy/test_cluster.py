"""The Secrets of a cluster: one file in, and everything that the manifests ask for out."""

from typing import Any

import pytest
import yaml

from tests.deploy.builds import built
from tests.deploy.judge import problems
from tooling import cluster
from tooling.generate.secrets import own
from tooling.problem import Problem

GIVEN = ("S3_ACCESS_KEY", "S3_SECRET_KEY", "BACKUP_ACCESS_KEY", "BACKUP_SECRET_KEY", "SMTP_PASSWORD")


def filled(**changes: str) -> str:
    """The file as an operator leaves it, who has an object store and a mail server."""
    lines = [
        line + "given" if line.removesuffix("=") in GIVEN else line for line in cluster.example().splitlines()
    ]
    return "\n".join([*lines, *(f"{name}={value}" for name, value in changes.items())])


def made(environment: str = "prod") -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (each["metadata"]["namespace"], each["metadata"]["name"]): each
        for each in cluster.secrets(environment, cluster.read(filled()))
    }


def asked(document: Any) -> set[str]:
    """The names of the Secrets that a manifest cannot do without."""
    if isinstance(document, list):
        return set().union(*map(asked, document))
    if not isinstance(document, dict):
        return set()
    named = {
        document[key]["name"]
        for key in ("secretRef", "secretKeyRef", "passwordSecret", "redisSecret")
        if isinstance(document.get(key), dict) and not document[key].get("optional")
    }
    return named.union(*map(asked, document.values()))


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_every_secret_that_functions_ask_for_is_made(environment: str) -> None:
    there = {name for namespace, name in made(environment) if namespace == f"heidi-{environment}"}
    wanted = set().union(*map(asked, built(environment)))
    assert "heidi-secrets" in wanted
    assert wanted <= there


def test_they_are_secrets_that_a_cluster_takes() -> None:
    assert [line for each in made().values() for line in problems(each)] == []


def test_roles_have_the_same_passwords_on_both_sides() -> None:
    found = made()
    app = found["heidi-infra", "postgres-app"]
    assert app["type"] == "kubernetes.io/basic-auth"
    assert app["stringData"] == {
        "username": "heidi_app",
        "password": found["heidi-prod", "heidi-secrets"]["stringData"]["POSTGRES_PASSWORD"],
    }
    assert (
        found["heidi-infra", "redis"]["stringData"]["password"]
        == found["heidi-prod", "heidi-secrets"]["stringData"]["REDIS_PASSWORD"]
    )


def test_a_service_is_given_what_it_needs_and_no_more() -> None:
    found = made()
    assert found["heidi-prod", "heidi-notification"]["stringData"].keys() <= set(own("notification"))
    assert "SMTP_PASSWORD" not in found["heidi-prod", "heidi-core"]["stringData"]
    assert all(
        "POSTGRES_OWNER_PASSWORD" not in each["stringData"]
        for (_, name), each in found.items()
        if name != "heidi-owner"
    )


def test_the_same_file_gives_the_same_secrets_and_another_file_others() -> None:
    text = filled()
    assert list(cluster.secrets("prod", cluster.read(text))) == list(
        cluster.secrets("prod", cluster.read(text))
    )
    assert cluster.example() != cluster.example()


def test_what_is_missing_is_said_all_at_once() -> None:
    with pytest.raises(
        Problem, match=r"Fill in S3_ACCESS_KEY, S3_SECRET_KEY, BACKUP_ACCESS_KEY, BACKUP_SECRET_KEY\."
    ):
        cluster.read(cluster.example())


def test_a_line_that_is_no_secret_of_ours_is_refused_without_showing_its_value() -> None:
    with pytest.raises(Problem, match="no secret of ours: PASWORD") as refused:
        cluster.read(filled(PASWORD="hunter2"))
    assert "hunter2" not in str(refused.value)


def test_monitoring_is_given_the_token_that_is_sent_when_two_are_valid() -> None:
    values = cluster.read(filled()) | {"BROKER_TOKEN": "n" * 40 + "," + "o" * 40}
    found = {each["metadata"]["name"]: each for each in cluster.secrets("prod", values)}
    assert found["heidi-monitoring"]["stringData"]["broker-token"] == "n" * 40


def test_the_file_survives_yaml() -> None:
    text = yaml.safe_dump_all(cluster.secrets("dev", cluster.read(filled())))
    assert [each["metadata"]["name"] for each in yaml.safe_load_all(text)] == [
        name for _, name in made("dev")
    ]
