"""knative/base/functions.yaml: one Knative Service per function, one image for all of them."""

from collections.abc import Mapping

from shared.kit.record import Record
from tooling.generate import secrets
from tooling.generate.common import REPOSITORY, SETTINGS, THREADS, Document, by_service
from tooling.generate.unit import Unit, alone
from tooling.generate.yamlfile import as_yaml

INSIDE = {"networking.knative.dev/visibility": "cluster-local"}
COMMENT = """No function has an address of Knative's own outside the cluster: whoever came in there would pass by
the edge, and could say who they are and which city they mean (X-Real-IP, X-Forwarded-Host).
Their settings: the ConfigMap heidi-settings, the Secret heidi-secrets, and a Secret
heidi-for-… for each thing that it can do and others cannot (tooling/generate/secrets.py).
They are spread over nodes without our saying so: by Knative's own preference (config-deployment, default-affinity-type) and by
the scheduler's; constraints of our own would need a feature flag that is off by default."""
MAX_SCALE = 20
PORT = 8080
AUTOSCALING, WARM = "autoscaling.knative.dev", "heidi.app/warm"
UNPRIVILEGED: Document = {
    "runAsNonRoot": True,
    "runAsUser": 1001,
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def render(records: Mapping[str, Record]) -> str:
    """All Services, by service."""
    services = (service(record) for group in by_service(records.values()).values() for record in group)
    return as_yaml(*services, comment=COMMENT)


def service(record: Record) -> Document:
    """One function as a Knative Service."""
    return deployed(alone(record))


def deployed(unit: Unit) -> Document:
    """A Knative Service; overlays find those that stay warm by their label."""
    labels = {
        "app.kubernetes.io/part-of": "heidi",
        "app.kubernetes.io/component": unit.service,
        "heidi.app/kind": unit.kind,
    }
    if unit.min_scale:
        labels[WARM] = "true"
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {
            "name": unit.name,
            "labels": labels | INSIDE,
            "annotations": {"heidi.app/description": unit.summary},
        },
        "spec": {
            "template": {
                "metadata": {"labels": labels, "annotations": scaling(unit) | scraping(unit)},
                "spec": pod(unit),
            }
        },
    }


def scaling(unit: Unit) -> dict[str, str]:
    """Hot functions stay warm; nothing grows without end; a tick never runs twice at a time."""
    most = 1 if unit.kind == "tick" else MAX_SCALE
    by_load = (
        {"class": "hpa.autoscaling.knative.dev", "metric": "cpu", "target": "70"}
        if unit.scale_on == "cpu"
        else {}
    )
    facts = {"min-scale": str(unit.min_scale), "max-scale": str(most)} | by_load
    return {f"{AUTOSCALING}/{name}": value for name, value in facts.items()}


def scraping(unit: Unit) -> dict[str, str]:
    """Prometheus asks those that are always there; the others say it themselves while they live."""
    if not unit.min_scale:
        return {}
    return {"prometheus.io/scrape": "true", "prometheus.io/port": str(PORT), "prometheus.io/path": "/metrics"}


def pod(unit: Unit) -> Document:
    """One container, unprivileged, with only /tmp to write to.

    Left alone, Knative would end what has not begun to answer after 300 s, however long it may take.
    """
    return {
        "containerConcurrency": unit.at_once,
        "timeoutSeconds": unit.timeout,
        "responseStartTimeoutSeconds": unit.timeout,
        "serviceAccountName": secrets.account(unit.service),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "volumes": [{"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}}],
        "containers": [
            {
                "image": REPOSITORY,
                "env": environment(unit),
                "envFrom": sources(unit),
                "ports": [{"containerPort": PORT}],
                **probes(unit),
                "resources": resources(unit),
                "securityContext": UNPRIVILEGED,
                "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 (in the container)
            }
        ],
    }


def environment(unit: Unit) -> list[dict[str, str]]:
    """Which it is, with one thread more than it takes requests, which answers the probes; and how it
    is measured.
    """
    values = {"FUNCTION_TARGET": unit.target, "WORKER_THREADS": str(unit.threads)}
    if unit.threads > THREADS + 1:
        values["POSTGRES_POOL_SIZE"] = str(unit.threads)
    if not unit.min_scale:
        values["OTEL_METRICS_EXPORTER"] = "otlp"
    return [{"name": name, "value": value} for name, value in values.items()]


def sources(unit: Unit) -> list[Document]:
    """Where its settings come from."""
    return [
        {"configMapRef": {"name": SETTINGS}},
        *({"secretRef": {"name": name}} for name in secrets.needed(unit.service, unit.records)),
    ]


def probes(unit: Unit) -> Document:
    """Requirements §16.3, but for starts: they are waited for, so they are looked at each second, for as long
    (300 s).

    What starts on demand says no period for readiness either: Knative then asks many times a second until the
    first yes.
    """
    often = {"periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 3} if unit.min_scale else {}
    return {
        "startupProbe": probe("startup", periodSeconds=1, timeoutSeconds=5, failureThreshold=300),
        "readinessProbe": probe("ready", **often),
        "livenessProbe": probe("live", periodSeconds=30, timeoutSeconds=5, failureThreshold=3),
    }


def probe(path: str, **times: int) -> Document:
    """One question over HTTP. Of a startup probe's port Knative asks for none, and fills none in: the Pod
    would be refused.
    """
    return {"httpGet": {"path": f"/health/{path}", "port": PORT}, **times}


def resources(unit: Unit) -> Document:
    """What is scaled by its load asks for the quarter of a core that §14.3 gives; 70 % of it is the target."""
    cpu = "250m" if unit.scale_on == "cpu" else "20m"
    return {"requests": {"memory": memory(unit.usual), "cpu": cpu}, "limits": {"memory": memory(unit.memory)}}


def memory(mebibytes: int) -> str:
    """As Kubernetes stores it: whatever is spelled in another way every `apply` would change again."""
    return f"{mebibytes // 1024}Gi" if mebibytes % 1024 == 0 else f"{mebibytes}Mi"
