"""The job bundle that a worker receives; nothing else may influence the build (reference: app factory)."""

from typing import Any

import orjson

from functions.factory.pwa.config import AppConfig
from functions.factory.tables import Build
from shared.tenancy.tenants import Tenant


def job_bundle(build: Build, tenant: Tenant) -> bytes:
    """The job as canonical JSON: equal inputs give equal bytes."""
    job: dict[str, Any] = {
        "tenant": {"id": str(tenant.id), "slug": tenant.slug},
        "platform": build.platform,
        "configVersion": build.config_version,
        "config": build.inputs,
    }
    return orjson.dumps(job, option=orjson.OPT_SORT_KEYS)


def workspace_key(build: Build) -> str:
    """Where the job bundle lies in the tenant's bucket."""
    return f"builds/{build.id}/job.json"


def read_config(bundle: bytes) -> AppConfig:
    """The configuration in a job bundle."""
    return AppConfig.model_validate(orjson.loads(bundle)["config"])
