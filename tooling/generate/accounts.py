"""knative/base/accounts.yaml: a ServiceAccount for each service."""

from collections.abc import Mapping

from shared.kit.record import Record
from tooling.generate.common import Document, by_service
from tooling.generate.secrets import account
from tooling.generate.yamlfile import as_yaml

COMMENT = "Nothing here may ask Kubernetes anything: no token is mounted. They are who a pod is, to Vault above all."


def render(records: Mapping[str, Record]) -> str:
    """All ServiceAccounts, by service."""
    return as_yaml(*(service_account(service) for service in by_service(records.values())), comment=COMMENT)


def service_account(service: str) -> Document:
    """One service's."""
    labels = {
        "app.kubernetes.io/part-of": "heidi",
        "app.kubernetes.io/component": service,
        "heidi.app/phase": "before",
    }
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": account(service), "labels": labels},
        "automountServiceAccountToken": False,
    }
