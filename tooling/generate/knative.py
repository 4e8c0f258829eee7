"""knative/base/functions.yaml: one Knative Service per function, one image for all of them."""
from collections.abc import Mapping

from shared.record import Record
from tooling.generate.common import IMAGE, NAMESPACE, SECRETS, SETTINGS, THREADS, Document, by_service
from tooling.generate.yamlfile import as_yaml

COMMENT = """Event and tick functions, and those that only the platform itself calls, have no address outside the cluster.
The ConfigMap heidi-settings and the Secret heidi-secrets hold the settings; platform.yaml shows both."""
MAX_SCALE = 20
UNPRIVILEGED: Document = {
    "runAsNonRoot": True, "runAsUser": 1001, "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}}


def render(records: Mapping[str, Record]) -> str:
    """All Services, by service."""
    services = (service(record) for group in by_service(records.values()).values() for record in group)
    return as_yaml(*services, comment=COMMENT)


def service(record: Record) -> Document:
    """One function as a Knative Service."""
    labels = {"app.kubernetes.io/part-of": "heidi", "app.kubernetes.io/component": record.service, "heidi.app/kind": record.kind}
    if record.kind != "http" or record.access.internal:
        labels["networking.knative.dev/visibility"] = "cluster-local"
    return {
        "apiVersion": "serving.knative.dev/v1", "kind": "Service",
        "metadata": {"name": record.name, "namespace": NAMESPACE, "labels": labels,
                     "annotations": {"heidi.app/description": record.summary}},
        "spec": {"template": {"metadata": {"labels": dict(labels), "annotations": scaling(record)}, "spec": pod(record)}}}


def scaling(record: Record) -> dict[str, str]:
    """Hot functions stay warm; nothing grows without end."""
    return {"autoscaling.knative.dev/min-scale": str(record.min_scale), "autoscaling.knative.dev/max-scale": str(MAX_SCALE)}


def pod(record: Record) -> Document:
    """One container, unprivileged, with only /tmp to write to."""
    return {
        "containerConcurrency": THREADS, "timeoutSeconds": record.timeout, "automountServiceAccountToken": False,
        "enableServiceLinks": False, "volumes": [{"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}}],
        "containers": [{
            "image": IMAGE,
            "env": [{"name": "FUNCTION_TARGET", "value": record.target}, {"name": "WORKER_THREADS", "value": str(THREADS)}],
            "envFrom": [{"configMapRef": {"name": SETTINGS}}, {"secretRef": {"name": SECRETS}}],
            "ports": [{"containerPort": 8080}],
            "readinessProbe": {"httpGet": {"path": "/health/ready"}}, "livenessProbe": {"httpGet": {"path": "/health/live"}},
            "resources": {"requests": {"memory": "64Mi", "cpu": "20m"}, "limits": {"memory": f"{record.memory}Mi"}},
            "securityContext": UNPRIVILEGED, "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}]}]}  # noqa: S108 (in the container)
