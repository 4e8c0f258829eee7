"""knative/base/schedules.yaml: what the clock calls.

Not PingSources: those cannot send the broker's token, and every event of theirs has the type dev.knative.sources.ping.
"""
from collections.abc import Mapping

from croniter import croniter

from shared.record import Record
from tooling.generate.common import IMAGE, NAMESPACE, Document
from tooling.generate.knative import UNPRIVILEGED
from tooling.generate.yamlfile import as_yaml

COMMENT = """A CronJob per tick function calls it with the broker's token: `python -m shared.tick`, from the functions' image.
Kubernetes knows no seconds: a tick with six fields becomes a job a minute that calls at those seconds."""


def render(records: Mapping[str, Record]) -> str:
    """All CronJobs, by function."""
    return as_yaml(*(job(record) for record in records.values() if record.cron), comment=COMMENT)


def job(record: Record) -> Document:
    """One CronJob that never runs twice at a time; a run that is missed is made up for within ten minutes."""
    seconds, minutes = split(record.cron)
    labels = {"app.kubernetes.io/part-of": "heidi", "app.kubernetes.io/component": record.service}
    return {
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": record.name, "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "schedule": minutes, "timeZone": "Etc/UTC", "concurrencyPolicy": "Forbid", "startingDeadlineSeconds": 600,
            "successfulJobsHistoryLimit": 1, "failedJobsHistoryLimit": 3,
            "jobTemplate": {"spec": {
                "backoffLimit": 0 if seconds else 3, "activeDeadlineSeconds": 59 + record.timeout,
                "ttlSecondsAfterFinished": 3600,
                "template": {"metadata": {"labels": labels}, "spec": pod(record, seconds)}}}}}


def pod(record: Record, seconds: list[int]) -> Document:
    """A container that posts, and knows nothing but the token."""
    address = f"http://{record.name}.{NAMESPACE}.svc.cluster.local/"
    at = ["--seconds", ",".join(map(str, seconds))] if seconds else []
    return {
        "restartPolicy": "Never", "automountServiceAccountToken": False, "enableServiceLinks": False,
        "containers": [{
            "name": "tick", "image": IMAGE, "command": ["python", "-m", "shared.tick"],
            "args": [*at, "--timeout", str(record.timeout), address],
            "env": [{"name": "BROKER_TOKEN", "valueFrom": {"secretKeyRef": {"name": "heidi-secrets", "key": "BROKER_TOKEN"}}}],
            "resources": {"requests": {"memory": "16Mi", "cpu": "10m"}, "limits": {"memory": "64Mi"}},
            "securityContext": UNPRIVILEGED}]}


def split(cron: str) -> tuple[list[int], str]:
    """The seconds and the five fields that Kubernetes knows; no seconds where there are only five fields."""
    fields = cron.split()
    if len(fields) == 5:
        return [], cron
    seconds, *rest = fields
    expanded = croniter.expand(f"{seconds} * * * *")[0][0]
    return (list(range(60)) if "*" in expanded else sorted(int(n) for n in expanded)), " ".join(rest)
