"""From a request to a build that is queued."""

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import func, select

from events.factory import BuildQueued
from functions.factory.builds.build import FINAL, AppConfigMissing, BuildStatus, platform_of
from functions.factory.builds.failure import fail
from functions.factory.builds.resumption import is_dead
from functions.factory.configs.configuration import AppConfigIn, build_inputs
from functions.factory.configs.newest import newest
from functions.factory.configs.versions import save
from functions.factory.tables import AppConfiguration, Build
from shared import quotas
from shared.errors import Forbidden
from shared.function import Context
from shared.kit.ids import new_id


@dataclass(frozen=True, slots=True)
class Asked:
    """What a build is made from; the same inputs have the same digest."""

    version: int
    inputs: dict[str, Any]

    @property
    def digest(self) -> str:
        """By which they are recognised."""
        return "sha256:" + hashlib.sha256(orjson.dumps(self.inputs, option=orjson.OPT_SORT_KEYS)).hexdigest()


def configured(ctx: Context, config: AppConfigIn | None) -> Asked:
    """By the newest configuration, which is `config` from now on where one came with the request."""
    row = newest(ctx) if config is None else saved(ctx, config)
    return Asked(row.version, build_inputs(row.config, ctx.tenant, ctx.settings.s3_endpoint))


def saved(ctx: Context, config: AppConfigIn) -> AppConfiguration:
    """The configuration as the newest version; Forbidden where saving it is not the caller's."""
    try:
        row = newest(ctx)
    except AppConfigMissing:
        row = None
    if row and AppConfigIn.model_validate(row.config) == config:
        return row
    if not ctx.may("app_config:write"):
        raise Forbidden(permission="app_config:write")
    return save(ctx, config)


def running(ctx: Context, platform: str, asked: Asked) -> Build | None:
    """The build of the same inputs that is not finished yet; one that nothing will become of has failed."""
    same = select(Build).where(
        Build.platform == platform, Build.inputs_digest == asked.digest, Build.status.not_in(FINAL)
    )
    build = ctx.db.scalar(same.with_for_update())
    if build and is_dead(build, ctx.now):
        fail(ctx, build, "TIMED_OUT")
        ctx.db.flush()
        return None
    return build


def queue(ctx: Context, platform: str, asked: Asked) -> Build:
    """A new build with the next number; only a new one counts."""
    quotas.spend(ctx, "builds")
    number = (ctx.db.scalar(select(func.max(Build.number))) or 0) + 1
    row = Build(
        id=new_id(),
        number=number,
        platform=platform,
        inputs=asked.inputs,
        inputs_digest=asked.digest,
        config_version=asked.version,
        log=[],
        requested_by=ctx.user_id,
        created_at=ctx.now,
        tries=0,
    )
    row.enter(ctx, BuildStatus.QUEUED)
    ctx.db.add(row)
    ctx.emit(BuildQueued(build_id=row.id, platform=platform_of(platform)))
    return row
