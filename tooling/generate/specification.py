"""One function as OpenFaaS describes it; the local gateway and stack.yml say the same."""
from shared.record import Record
from tooling.generate.common import IMAGE, NAMESPACE, Document


def specification(record: Record) -> Document:
    """One function as stack.yml describes it."""
    return {
        "lang": "dockerfile", "handler": f"./functions/{record.service}", "image": IMAGE, "skip_build": True,
        "environment": {"FUNCTION_TARGET": record.target}, "secrets": [NAMESPACE],
        "labels": labels(record), "annotations": annotations(record),
        "limits": {"memory": f"{record.memory}Mi"}, "requests": {"memory": "64Mi", "cpu": "20m"},
        "readonly_root_filesystem": True}


def labels(record: Record) -> dict[str, str]:
    """Whose it is, and how few instances there may be."""
    scale = {"com.openfaas.scale.min": str(record.min_scale)} if record.min_scale else {"com.openfaas.scale.zero": "true"}
    return {"heidi.service": record.service, "heidi.kind": record.kind} | scale


def annotations(record: Record) -> dict[str, str]:
    """What it does, and for event connectors and the cron connector when to call it."""
    found = {"description": record.summary, "heidi.access": str(record.access)}
    if record.kind == "http":
        found["heidi.route"] = f"{record.method} {record.public_path}"
    if record.types:
        found["topic"] = ",".join(record.types)
    if record.cron:
        found |= {"topic": "cron-function", "schedule": record.cron}
    return found
