"""What Knative's webhook and controller make of a Service: the Deployment that Kubernetes is asked for
(Knative Serving 1.21).

Only what decides whether its Pod may run: pkg/apis/serving/v1/revision_defaults.go, then
pkg/reconciler/revision/resources/deploy.go.
"""

import copy
from collections.abc import Iterator
from typing import Any

from tests.deploy.judge import Document, problems

QUEUE, QUEUE_PORT, DRAIN = "queue-proxy", 8012, 8022
RESPONSE_START = 300  # config-defaults: revision-response-start-timeout-seconds
HANDLERS = ("httpGet", "tcpSocket", "exec", "grpc")


def refusals(service: Document) -> list[str]:
    """Why Kubernetes would not take the Deployment, one line each."""
    made = deployment(service)
    return [
        *problems(made),
        *(
            f"{service['metadata']['name']}: {where}: {port}: must be between 1 and 65535"
            for where, port in ports(made["spec"], "spec")
            if not isinstance(port, int) or not 0 < port < 65536
        ),
    ]


def ports(node: Any, where: str) -> Iterator[tuple[str, Any]]:
    """Every number of a port."""
    for key, value in (
        node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    ):
        if key in ("port", "containerPort"):
            yield f"{where}.{key}", value
        yield from ports(value, f"{where}.{key}")


def deployment(service: Document) -> Document:
    """The first revision's."""
    template = copy.deepcopy(service["spec"]["template"])
    spec, name = defaulted(template["spec"]), service["metadata"]["name"]
    labels = {"serving.knative.dev/service": name, "app": f"{name}-00001"}
    volumes = [*spec.get("volumes", []), {"name": "knative-var-log", "emptyDir": {}}]
    kept = ("serviceAccountName", "automountServiceAccountToken", "enableServiceLinks", "imagePullSecrets")
    pod = {key: spec[key] for key in kept if key in spec} | {
        "containers": [serving(spec["containers"][0], name), queue_proxy(spec)],
        "volumes": volumes,
        "terminationGracePeriodSeconds": spec["timeoutSeconds"],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"{name}-00001-deployment", "labels": labels},
        "spec": {
            "selector": {"matchLabels": {"app": labels["app"]}},
            "replicas": 1,
            "progressDeadlineSeconds": 600,
            "template": {
                "metadata": {
                    "labels": labels | template["metadata"].get("labels", {}),
                    "annotations": template["metadata"].get("annotations", {}),
                },
                "spec": pod,
            },
        },
    }


def defaulted(spec: Document) -> Document:
    """A revision's specification as the webhook stores it."""
    spec.setdefault("timeoutSeconds", 300)
    spec.setdefault("containerConcurrency", 0)
    if spec["timeoutSeconds"] > RESPONSE_START:
        spec.setdefault("responseStartTimeoutSeconds", RESPONSE_START)
    [container] = spec["containers"]
    container.setdefault("name", "user-container")
    readiness = container.setdefault("readinessProbe", {})
    if not readiness.keys() & set(HANDLERS):
        readiness["tcpSocket"] = {}
    readiness.setdefault("successThreshold", 1)
    port = container.get("ports", [{}])[0].get("containerPort", 8080)
    for probe in (readiness, container.get("livenessProbe", {})):
        for handler in (probe[each] for each in HANDLERS if each in probe and each != "exec"):
            handler.setdefault("port", port)
    return spec


def serving(container: Document, name: str) -> Document:
    """The function's container: the sidecar asks for readiness, and is asked for liveness; the startup probe
    stays as it was written.
    """
    port = container.get("ports", [{}])[0].get("containerPort", 8080)
    container["ports"] = [{"name": "user-port", "containerPort": port, "protocol": "TCP"}]
    container["env"] = [
        *container.get("env", []),
        {"name": "PORT", "value": str(port)},
        {"name": "K_REVISION", "value": f"{name}-00001"},
    ]
    container["lifecycle"] = {"preStop": {"httpGet": {"path": "/wait-for-drain", "port": DRAIN}}}
    container["volumeMounts"] = [
        *container.get("volumeMounts", []),
        {"name": "knative-var-log", "mountPath": "/var/log"},
    ]
    if container["readinessProbe"].keys() & {"httpGet", "tcpSocket", "grpc"}:
        del container["readinessProbe"]
    if "httpGet" in container.get("livenessProbe", {}):
        container["livenessProbe"]["httpGet"]["port"] = QUEUE_PORT
    for handler in (container.get("startupProbe", {}).get(each) for each in ("httpGet", "tcpSocket", "grpc")):
        if handler is not None:
            handler.setdefault("port", 0)  # a number that Go was told nothing of
    return container


def queue_proxy(spec: Document) -> Document:
    """Knative's sidecar, as far as the Pod depends on it."""
    asked = {"httpGet": {"port": QUEUE_PORT, "httpHeaders": [{"name": "K-Network-Probe", "value": "queue"}]}}
    said = {
        "CONTAINER_CONCURRENCY": spec["containerConcurrency"],
        "REVISION_TIMEOUT_SECONDS": spec["timeoutSeconds"],
        "REVISION_RESPONSE_START_TIMEOUT_SECONDS": spec.get("responseStartTimeoutSeconds", 0),
    }
    return {
        "name": QUEUE,
        "image": "gcr.io/knative-releases/queue",
        "resources": {"requests": {"cpu": "25m"}},
        "readinessProbe": asked,
        "env": [{"name": name, "value": str(value)} for name, value in said.items()],
        "ports": [
            {"name": "http-queueadm", "containerPort": DRAIN},
            {"name": "queue-port", "containerPort": QUEUE_PORT},
        ],
    }
