"""The Secrets of a cluster: one file in, and everything that the manifests ask for out."""

import hashlib
from typing import Any

import pytest
import yaml

from shared.kit.jwks import parse
from tests.deploy.builds import built
from tests.deploy.judge import problems
from tooling import cluster
from tooling.command_failed import CommandFailed
from tooling.registry import services

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
    app = found["heidi-infra", "postgres-app-core"]
    assert app["type"] == "kubernetes.io/basic-auth"
    assert app["stringData"] == {
        "username": "heidi_app_core",
        "password": found["heidi-prod", "heidi-core"]["stringData"]["POSTGRES_PASSWORD"],
    }
    passwords = [
        each["stringData"]["POSTGRES_PASSWORD"]
        for (_, name), each in found.items()
        if "POSTGRES_USER" in each["stringData"]
    ]
    assert len(set(passwords)) == len(services())
    assert (
        found["heidi-infra", "redis"]["stringData"]["password"]
        == found["heidi-prod", "heidi-secrets"]["stringData"]["REDIS_PASSWORD"]
    )


def test_a_function_is_given_what_it_needs_and_no_more() -> None:
    found = made()
    assert found["heidi-prod", "heidi-for-mail"]["stringData"].keys() == {"SMTP_PASSWORD"}
    assert found["heidi-prod", "heidi-for-signing"]["stringData"].keys() == {
        "JWT_SIGNING_KEYS",
        "JWT_REFRESH_SECRET",
    }
    assert found["heidi-prod", "heidi-secrets"]["stringData"].keys() == {
        "REDIS_PASSWORD",
        "JWT_KEYS",
        "BROKER_TOKEN_HASHES",
        "INTERNAL_TOKEN",
    }
    assert all(
        "POSTGRES_OWNER_PASSWORD" not in each["stringData"]
        for (_, name), each in found.items()
        if name != "heidi-owner"
    )


def test_all_can_check_tokens_and_only_who_signs_can_sign() -> None:
    found = made()
    [public] = parse(found["heidi-prod", "heidi-secrets"]["stringData"]["JWT_KEYS"])
    [private] = parse(found["heidi-prod", "heidi-for-signing"]["stringData"]["JWT_SIGNING_KEYS"])
    assert (public.kid, public.alg, public.signs, private.signs) == (private.kid, "EdDSA", False, True)
    secret = private.jwk["d"]
    assert [name for (_, name), each in found.items() if secret in str(each)] == ["heidi-for-signing"]


def test_no_function_has_what_the_door_brings_events_with() -> None:
    found = made()
    token = found["heidi-prod", "heidi-door"]["stringData"]["BROKER_TOKEN"]
    assert [name for (_, name), each in found.items() if token in str(each)] == ["heidi-door"]
    assert (
        found["heidi-prod", "heidi-secrets"]["stringData"]["BROKER_TOKEN_HASHES"]
        == hashlib.sha256(token.encode()).hexdigest()
    )


def test_a_cluster_from_before_that_signs_with_a_secret_goes_on() -> None:
    text = "\n".join(
        line for line in filled(JWT_SECRET="s" * 40).splitlines() if not line.startswith("JWT_KEYS")
    )
    found = {each["metadata"]["name"]: each for each in cluster.secrets("prod", cluster.read(text))}
    assert found["heidi-secrets"]["stringData"]["JWT_SECRET"] == "s" * 40
    assert "JWT_SIGNING_KEYS" not in found["heidi-for-signing"]["stringData"]


def test_the_same_file_gives_the_same_secrets_and_another_file_others() -> None:
    text = filled()
    assert list(cluster.secrets("prod", cluster.read(text))) == list(
        cluster.secrets("prod", cluster.read(text))
    )
    assert cluster.example() != cluster.example()


def test_what_is_missing_is_said_all_at_once() -> None:
    with pytest.raises(
        CommandFailed, match=r"Fill in S3_ACCESS_KEY, S3_SECRET_KEY, BACKUP_ACCESS_KEY, BACKUP_SECRET_KEY\."
    ):
        cluster.read(cluster.example())


def test_a_line_that_is_no_secret_of_ours_is_refused_without_showing_its_value() -> None:
    with pytest.raises(CommandFailed, match="no secret of ours: PASWORD") as refused:
        cluster.read(filled(PASWORD="hunter2"))
    assert "hunter2" not in str(refused.value)


def test_monitoring_is_given_the_token_that_is_sent_when_two_are_valid() -> None:
    values = cluster.read(filled()) | {"INTERNAL_TOKEN": "n" * 40 + "," + "o" * 40}
    found = {each["metadata"]["name"]: each for each in cluster.secrets("prod", values)}
    assert found["heidi-monitoring"]["stringData"]["internal-token"] == "n" * 40


def test_the_file_survives_yaml() -> None:
    text = yaml.safe_dump_all(cluster.secrets("dev", cluster.read(filled())))
    assert [each["metadata"]["name"] for each in yaml.safe_load_all(text)] == [
        name for _, name in made("dev")
    ]
