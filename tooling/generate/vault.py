"""knative/components/vault/secrets.yaml: the Secrets, kept in Vault and fetched by External Secrets.

Each is read as a ServiceAccount of its own, so that Vault gives nobody another's
(knative/components/vault/policy.hcl).
"""

from collections.abc import Mapping

from shared.kit.record import Record
from tooling.generate.common import SECRETS, Document, by_service
from tooling.generate.secrets import account as service_account
from tooling.generate.secrets import secret, used
from tooling.generate.yamlfile import as_yaml

COMMENT = """A SecretStore and an ExternalSecret per Secret. In Vault (KV version 2, mounted at secret/) it lies at
heidi/<ServiceAccount>. Each environment has a Vault of its own; overlays put its address in."""
VAULT = "https://vault.heidi-infra.svc.cluster.local:8200"
AUTHORITY: Document = {"type": "ConfigMap", "name": "vault-ca", "key": "ca.crt"}
PART: Document = {"app.kubernetes.io/part-of": "heidi"}
BEFORE: Document = PART | {"heidi.app/phase": "before"}


def render(records: Mapping[str, Record]) -> str:
    """Of what every function needs, of the migration's and the door's, and of what some functions can do."""
    readers = [SECRETS, "heidi-door", *map(secret, used(records.values()))]
    # whose ServiceAccounts are there
    services = [service_account(service) for service in by_service(records.values())]
    needed = {"heidi-owner": "heidi-migrate"} | {reader: reader for reader in (*readers, *services)}
    made = [
        document for name, reader in needed.items() for document in (store(reader), external(name, reader))
    ]
    return as_yaml(*map(account, readers), *made, comment=COMMENT)


def account(name: str) -> Document:
    """Who reads a Secret that belongs to no one service."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": name, "labels": BEFORE},
        "automountServiceAccountToken": False,
    }


def store(reader: str) -> Document:
    """Vault, as one ServiceAccount sees it."""
    login = {"mountPath": "kubernetes", "role": "heidi", "serviceAccountRef": {"name": reader}}
    vault = {
        "server": VAULT,
        "caProvider": AUTHORITY,
        "path": "secret",
        "version": "v2",
        "auth": {"kubernetes": login},
    }
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "SecretStore",
        "metadata": {"name": reader, "labels": BEFORE},
        "spec": {"provider": {"vault": vault}},
    }


def external(secret: str, reader: str) -> Document:
    """One Secret, looked up every hour."""
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": secret, "labels": BEFORE},
        "spec": {
            "refreshInterval": "1h",
            "secretStoreRef": {"kind": "SecretStore", "name": reader},
            "target": {"name": secret},
            "dataFrom": [{"extract": {"key": f"heidi/{reader}"}}],
        },
    }
