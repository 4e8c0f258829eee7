"""deploy/data makes what ./heidi up makes, of a size that adds up, closed to everybody else; Postgres and
Redis judge what they are told.
"""

import re
import runpy
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
import yaml
from botocore.stub import Stubber
from pg8000.native import Connection

from bench.connections import BESIDE, limits
from shared.adapters import redis
from tests.deploy.judge import Document, documents, problems
from tests.programs import program
from tests.support import superuser
from tooling.generate.databases import first_statements, in_cluster
from tooling.generate.vault import VAULT
from tooling.registry import ROOT, services
from tooling.stack import once
from tooling.stack import redis as stack_redis
from tooling.stack.ports import free_port

DATA = ROOT / "deploy" / "data"
NAMESPACES = {
    "dev": ("heidi-infra-dev", "heidi-dev"),
    "staging": ("heidi-infra-staging", "heidi-staging"),
    "prod": ("heidi-infra", "heidi-prod"),
}
SENDS = "kubernetes.io/metadata.name"


@lru_cache(None)
def built(folder: str) -> list[Document]:
    """What kustomize makes of a folder."""
    made = subprocess.run(
        [program("kubectl"), "kustomize", str(DATA / folder)], capture_output=True, text=True, check=True
    )
    return documents(made.stdout)


def spec(environment: str, kind: str, name: str) -> Any:
    [found] = [
        d["spec"]
        for d in built(f"overlays/{environment}")
        if (d["kind"], d["metadata"]["name"]) == (kind, name)
    ]
    return found


@pytest.mark.parametrize("environment", NAMESPACES)
def test_what_kustomize_makes_is_what_the_kinds_allow(environment: str) -> None:
    assert [line for document in built(f"overlays/{environment}") for line in problems(document)] == []


def test_backups_and_files_are_encrypted_by_the_object_store() -> None:
    configuration = spec("prod", "ObjectStore", "postgres")["configuration"]
    assert (configuration["wal"]["encryption"], configuration["data"]["encryption"]) == ("AES256", "AES256")
    assert "\nS3_SSE=AES256\n" in (ROOT / "knative" / "base" / "settings.env").read_text("utf-8")
    assert (
        yaml.safe_load((ROOT / "deploy" / "openfaas" / "settings.yml").read_text("utf-8"))["environment"][
            "S3_SSE"
        ]
        == "AES256"
    )


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_every_volume_names_its_class_so_that_it_can_be_one_that_encrypts(environment: str) -> None:
    postgres = spec(environment, "Cluster", "postgres")
    named = [
        postgres["storage"].get("storageClass"),
        spec(environment, "RabbitmqCluster", "rabbitmq")["persistence"].get("storageClassName"),
    ]
    assert None not in named


@pytest.mark.parametrize("environment", NAMESPACES)
def test_queues_are_bounded_by_our_policy_whatever_policies_knative_makes(environment: str) -> None:
    said = spec(environment, "Policy", "bounded")
    assert said["priority"] > 0  # Knative's, which fits the same queues, has none
    assert said["definition"]["overflow"] == "reject-publish"
    assert said["definition"]["delivery-limit"] >= 10**6


@pytest.mark.parametrize("environment", NAMESPACES)
def test_everything_is_in_its_own_namespace_and_only_its_own_functions_get_in(environment: str) -> None:
    infra, functions = NAMESPACES[environment]
    assert {
        d["metadata"]["namespace"] for d in built(f"overlays/{environment}") if d["kind"] != "Namespace"
    } == {infra}
    for name in ("pgbouncer", "postgres", "redis", "rabbitmq"):
        first = spec(environment, "NetworkPolicy", name)["ingress"][0]["from"]
        assert [each["namespaceSelector"]["matchLabels"][SENDS] for each in first] == [functions]
    assert "podSelector" in spec(environment, "NetworkPolicy", "postgres")["ingress"][0]["from"][0]
    assert "ingress" not in spec(environment, "NetworkPolicy", "nothing-else")


@pytest.mark.parametrize("environment", NAMESPACES)
def test_poolers_cannot_ask_postgres_for_more_than_it_has(environment: str) -> None:
    now = limits(environment)
    assert now.poolers == spec(environment, "Pooler", "pgbouncer")["instances"]
    assert now.max_connections == int(
        spec(environment, "Cluster", "postgres")["postgresql"]["parameters"]["max_connections"]
    )
    assert now.servers + BESIDE <= now.max_connections


@pytest.mark.parametrize("environment", NAMESPACES)
def test_the_bucket_that_is_made_is_the_one_that_is_written_to(environment: str) -> None:
    [container] = spec(environment, "Job", "buckets")["template"]["spec"]["containers"]
    values = {each["name"]: each["value"] for each in container["env"]}
    written = spec(environment, "ObjectStore", "postgres")["configuration"]
    assert written["destinationPath"] == f"s3://{values['BUCKET']}/"
    assert written["endpointURL"] == values["ENDPOINT"]


def test_production_loses_a_node_and_goes_on() -> None:
    assert spec("prod", "Cluster", "postgres")["instances"] == 3
    assert spec("prod", "RabbitmqCluster", "rabbitmq")["replicas"] == 3
    assert spec("prod", "Pooler", "pgbouncer")["instances"] == 3
    assert spec("prod", "RedisReplication", "redis-replication")["clusterSize"] == 3


def test_recovery_has_no_fewer_connections_than_production() -> None:
    [recovered] = [d["spec"] for d in built("recovery")]
    assert int(recovered["postgresql"]["parameters"]["max_connections"]) >= limits("prod").max_connections


def test_every_service_has_its_database() -> None:
    assert in_cluster() == [f"heidi_{service}" for service in sorted(services())], "run ./heidi generate"
    assert [d["spec"]["name"] for d in built("overlays/prod") if d["kind"] == "Database"] == in_cluster()


def test_every_service_has_a_role_whose_password_the_operator_sets() -> None:
    roles = {each["name"]: each for each in spec("prod", "Cluster", "postgres")["managed"]["roles"]}
    assert roles.keys() == {"heidi_app", "heidi_relay", *(f"heidi_app_{service}" for service in services())}
    assert (roles["heidi_app"]["login"], "passwordSecret" in roles["heidi_app"]) == (False, False)
    assert roles["heidi_app_core"] | {"passwordSecret": {}} == {
        "name": "heidi_app_core",
        "login": True,
        "superuser": False,
        "bypassrls": False,
        "inherit": True,
        "inRoles": ["heidi_app"],
        "passwordSecret": {},
    }
    assert len({each["passwordSecret"]["name"] for each in roles.values() if each["login"]}) == len(roles) - 1


def test_postgres_understands_the_first_statements_again_and_again() -> None:
    said = first_statements()["data"]
    with superuser("postgres") as connection:
        connection.execute_simple(said["roles.sql"])
        roles = connection.run(
            "SELECT rolname, rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole, rolconfig FROM pg_roles"
            " WHERE rolname LIKE 'heidi\\_%' ORDER BY rolname"
        )
    bounds = ["statement_timeout=15s", "lock_timeout=1500ms", "idle_in_transaction_session_timeout=120s"]
    of_services = [[f"heidi_app_{service}", False, bounds] for service in sorted(services())]
    assert [role for role in roles if not re.search("[0-9]", role[0])] == [
        ["heidi_app", False, None],
        *of_services,
        ["heidi_owner", False, None],
        ["heidi_relay", False, bounds],
    ]
    with superuser("template1") as connection:
        connection.run("BEGIN")
        connection.execute_simple(said["template.sql"])
        assert leakproof(connection)
        connection.run("ROLLBACK")


def leakproof(connection: Connection) -> bool:
    return bool(
        connection.run(
            "SELECT proleakproof FROM pg_proc WHERE oid = 'ts_match_vq(tsvector, tsquery)'::regprocedure"
        )[0][0]
    )


def test_redis_takes_its_settings() -> None:
    lines = [
        line.split(" ", 1)
        for line in (DATA / "base/redis.conf").read_text("utf-8").splitlines()
        if line[:1] not in ("", "#")
    ]
    for name, value in lines:
        if name not in ("save", "appendonly"):
            assert redis.command("CONFIG", "SET", name, value) in (b"OK", "OK"), name
    assert dict(lines)["appendonly"] == "yes"
    for name, value in (("maxmemory", "0"), ("maxmemory-policy", "noeviction"), ("timeout", "0")):
        redis.command("CONFIG", "SET", name, value)


def test_a_master_that_became_a_replica_is_left_for_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from redis import ConnectionPool

    old = stack_redis.Redis(free_port(), "secret")
    new = stack_redis.Redis(free_port(), "secret")
    with (
        once.running(stack_redis.service(tmp_path / "old", old, durable=False), tmp_path / "old"),
        once.running(stack_redis.service(tmp_path / "new", new, durable=False), tmp_path / "new"),
    ):
        where = [old]
        monkeypatch.setattr(redis, "connections", lambda: ConnectionPool.from_url(where[0].url))
        monkeypatch.setattr(redis, "mine", type("Mine", (), {})())
        redis.command("SET", "a", 1)
        redis.command("REPLICAOF", "127.0.0.1", new.port)
        where[0] = new  # the Service's address leads to another pod now
        redis.command("SET", "a", 2)
        assert redis.command("GET", "a") == b"2"
        redis.mine.connection.disconnect()


@pytest.mark.parametrize("environment", NAMESPACES)
def test_only_this_environments_functions_may_make_queues(environment: str) -> None:
    [cluster] = [each for each in built(f"overlays/{environment}") if each["kind"] == "RabbitmqCluster"]
    assert cluster["metadata"]["annotations"] == {
        "rabbitmq.com/topology-allowed-namespaces": NAMESPACES[environment][1]
    }


def test_the_bucket_for_backups_is_asked_for_in_words_that_the_sdk_knows() -> None:
    script = runpy.run_path(str(DATA / "base" / "buckets.py"))
    client = boto3.client("s3", region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")
    asked = {
        "create_bucket": {
            "Bucket": "kept",
            "CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"},
        },
        "put_bucket_versioning": {"Bucket": "kept", "VersioningConfiguration": {"Status": "Enabled"}},
        "put_bucket_lifecycle_configuration": {
            "Bucket": "kept",
            "LifecycleConfiguration": {"Rules": [script["KEPT"]]},
        },
    }
    for there, expected in ([], asked), ([{"Name": "kept"}], dict(list(asked.items())[1:])):
        with Stubber(client) as stub:
            stub.add_response("list_buckets", {"Buckets": there}, {})
            for name, parameters in expected.items():
                stub.add_response(name, {}, parameters)
            script["make"](client, "kept", "eu-central-1")
            stub.assert_no_pending_responses()
    client.close()


def test_vault_shows_a_certificate_for_the_name_that_secrets_are_asked_at() -> None:
    [certificate] = [
        each
        for each in built("vault")
        if each["metadata"]["name"] == "vault" and each["kind"] == "Certificate"
    ]
    assert urlsplit(VAULT).hostname in certificate["spec"]["dnsNames"]
    values = yaml.safe_load((DATA / "vault" / "values.yaml").read_text("utf-8"))["server"]
    assert values["volumes"][0]["secret"]["secretName"] == certificate["spec"]["secretName"]
    for file in re.findall(r'"(/vault/tls/[a-z.]+)"', values["ha"]["raft"]["config"]):
        assert file.rpartition("/")[2] in {"tls.crt", "tls.key", "ca.crt"}
