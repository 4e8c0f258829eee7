"""Making a web app step by step: each step is committed as it begins, so that whoever asks sees where it is."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date

from sqlalchemy import select

from events.factory import BuildCompleted
from functions.factory.builds.build import BuildStatus, platform_of
from functions.factory.builds.failure import fail
from functions.factory.builds.resumption import wait
from functions.factory.builds.workspace import read_config, workspace_key
from functions.factory.pwa.bundle import artifact_name, build_bundle
from functions.factory.pwa.errors import LogoInvalid
from functions.factory.tables import AppConfiguration, Build
from shared import quotas
from shared.adapters import storage
from shared.context import acting
from shared.errors import Unavailable
from shared.function import Context
from shared.quotas import QuotaExceeded


class Taken(Exception):
    """The build is somebody else's now, or over: it took so long that it was begun again."""


class Workshop:
    """One build that is being made; it holds no transaction while it works."""

    def __init__(self, ctx: Context, build: Build) -> None:
        self.ctx, self.build = ctx, build
        self.state, self.built_on = BuildStatus.BUILDING, config_date(ctx, build.config_version)

    def make(self) -> None:
        """Make it; where a system is away it waits, where the logo cannot be used or no more can be stored it
        has failed.
        """
        with suppress(Taken):
            try:
                self.made()
            except (LogoInvalid, QuotaExceeded) as refused:
                with self.step() as (own, build):
                    fail(own, build, refused.code)
            except Unavailable as away:
                with self.step() as (own, build):
                    wait(own, build, away.code)

    def made(self) -> None:
        """As `make`, where nothing stands in the way."""
        config = read_config(storage.get(self.ctx.tenant.id, workspace_key(self.build)))
        bundle = build_bundle(config, build_number=self.build.config_version, built_on=self.built_on)
        name = artifact_name(config, build_number=self.build.number, built_on=self.build.created_at.date())
        with self.step() as (own, build):
            quotas.replace(own, "storage_bytes", build.artifact_bytes or 0, len(bundle))
            build.artifact_digest, build.artifact_bytes = (
                "sha256:" + hashlib.sha256(bundle).hexdigest(),
                len(bundle),
            )
            build.enter(own, BuildStatus.SIGNING, "a web app needs no signature; its digest is in the record")
        key = f"builds/{self.build.id}/{name}"
        with self.step() as (own, build):
            build.enter(own, BuildStatus.UPLOADING)
        storage.put(self.ctx.tenant.id, key, bundle, "application/zip")
        with self.step() as (own, build):
            build.artifact_name, build.artifact_key = name, key
            build.enter(own, BuildStatus.COMPLETED, build.artifact_digest or "")
            own.emit(
                BuildCompleted(
                    build_id=build.id,
                    platform=platform_of(build.platform),
                    requested_by=build.requested_by,
                    artifact=name,
                )
            )

    @contextmanager
    def step(self) -> Iterator[tuple[Context, Build]]:
        """A transaction of its own with the build, as long as it is in the state in which this one left it."""
        with acting(self.ctx.record, self.ctx.tenant, trace=self.ctx.trace, event=self.ctx.event) as own:
            build = own.db.get(Build, self.build.id, with_for_update=True)
            if build is None or build.status != self.state:
                raise Taken
            yield own, build
            self.state = BuildStatus(build.status)


def config_date(ctx: Context, version: int) -> date:
    """The day on which the configuration was saved: the bundle depends on nothing that changes from build to
    build.
    """
    saved = ctx.db.scalars(
        select(AppConfiguration.created_at).where(AppConfiguration.version == version)
    ).one()
    return saved.date()
