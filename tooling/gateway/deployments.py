"""The functions that are deployed on this laptop: all of the collection, unless somebody removed one; what was
deployed is remembered.
"""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from shared.errors import Problem
from shared.kit.http import Request, Response
from shared.kit.record import Record
from shared.runtime.gateway.functions import Deployed, Functions
from shared.runtime.gateway.peers import private
from shared.runtime.problem_details import refusal
from tooling.command_failed import CommandFailed
from tooling.faces import whole
from tooling.gateway.logs import LogBook
from tooling.generate.common import IMAGE
from tooling.generate.specification import specification

NAMESPACE = "openfaas-fn"
Texts = dict[str, str]


class Deployment(BaseModel):
    """What `faas-cli deploy` sends, as far as it means something here."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")
    service: str
    image: str = IMAGE
    env_process: str | None = ""
    env_vars: Texts | None = None
    constraints: list[str] | None = None
    secrets: list[str] | None = None
    labels: Texts | None = None
    annotations: Texts | None = None
    limits: Texts | None = None
    requests: Texts | None = None
    read_only_root_filesystem: bool = False
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))

    @classmethod
    def first(cls, record: Record) -> "Deployment":
        """A function as stack.yml describes it."""
        said = specification(record)
        return cls(
            service=record.name,
            image=said["image"],
            env_vars=said["environment"],
            secrets=said["secrets"],
            labels=said["labels"],
            annotations=said["annotations"],
            limits=said["limits"],
            requests=said["requests"],
            read_only_root_filesystem=said["readonly_root_filesystem"],
        )


class Kept(BaseModel):
    """What differs from stack.yml."""

    removed: list[str]
    deployed: dict[str, Deployment]


class Deployments(Functions):
    """Calls functions by name, deploys and removes them, and keeps a line of each call."""

    def __init__(self, records: Mapping[str, Record], logs: LogBook, state: Path) -> None:
        """Remember what was deployed and removed; a state file that cannot be read is an error that says so."""
        super().__init__(records)
        self.logs, self.state = logs, state
        self.changing = threading.Lock()
        self.tell_others: Callable[[], object] = lambda: None  # where several processes answer
        self.descriptions: dict[str, Deployment] = {}
        self.remember()

    def description(self, name: str) -> Deployment:
        """How it was deployed: as stack.yml says, unless somebody has said something else."""
        if name not in self.descriptions:
            self.descriptions[name] = Deployment.first(whole(self.records[name]))
        return self.descriptions[name]

    def status(self, name: str, calls: int) -> dict[str, Any]:
        """The object of OpenFaaS's API; labels and annotations are always there. NotFound when there is none."""
        self.get(name)
        said = self.description(name)
        return {
            "name": name,
            "image": said.image,
            "namespace": NAMESPACE,
            "envProcess": said.env_process or "",
            "envVars": said.env_vars or {},
            "constraints": said.constraints or [],
            "secrets": said.secrets or [],
            "labels": said.labels or {},
            "annotations": said.annotations or {},
            "limits": said.limits,
            "requests": said.requests,
            "readOnlyRootFilesystem": said.read_only_root_filesystem,
            "invocationCount": calls,
            "replicas": 1,
            "availableReplicas": 1,
            "createdAt": said.created_at.isoformat().replace("+00:00", "Z"),
        }

    def get(self, name: str) -> Deployed:
        """The function with this name, imported now if nobody has called it; NotFound when there is none."""
        found = super().get(name)
        found.record = whole(found.record)
        return found

    def call(self, name: str, request: Request) -> Response:
        """Call it, count the call, keep a line about it."""
        started = time.perf_counter()
        response = super().call(name, request)
        took = time.perf_counter() - started
        status = f"{response.status} {HTTPStatus(response.status).phrase}"
        self.logs.add(
            name,
            f"{request.method} {request.path} - {status} - {took:.4f}s - call {request.header('x-call-id')}",
        )
        return response

    def call_later(self, name: str, request: Request) -> Response:
        """Call it when its turn has come: a refusal is an answer too, since only the callback will tell."""
        try:
            return self.call(name, request)
        except Problem as problem:
            return refusal(problem, request)

    def read_again(self, _: object = None) -> None:
        """Another process has deployed or removed something."""
        with self.changing:
            self.deployed = {
                name: self.deployed.get(name) or Deployed(record) for name, record in self.records.items()
            }
            self.descriptions = {}
            self.remember()

    def deploy(self, wanted: Deployment) -> None:
        """Describe a function anew, or bring it back."""
        with self.changing:
            self.deployed.setdefault(wanted.service, Deployed(self.records[wanted.service]))
            self.descriptions[wanted.service] = wanted
            self.save()
        self.tell_others()

    def remove(self, name: str) -> None:
        """Hide a function until it is deployed again; NotFound when there is none."""
        with self.changing:
            self.get(name)
            del self.deployed[name]
            self.descriptions.pop(name, None)
            self.save()
        self.tell_others()

    def remember(self) -> None:
        """Read what was deployed and removed before."""
        if not self.state.exists():
            return
        try:
            kept = Kept.model_validate_json(self.state.read_bytes())
        except ValueError:
            raise CommandFailed(
                f"{self.state} is damaged: delete it, and every function is deployed as stack.yml says."
            ) from None
        for name in kept.removed:
            self.deployed.pop(name, None)
        self.descriptions |= {name: said for name, said in kept.deployed.items() if name in self.deployed}

    def save(self) -> None:
        """Write down what differs from the collection, in one step."""
        kept = Kept(
            removed=sorted(self.records.keys() - self.deployed.keys()),
            deployed={name: said for name, said in self.descriptions.items() if self.is_told_anew(name)},
        )
        private(self.state.parent)
        draft = self.state.with_suffix(".new")
        draft.write_text(kept.model_dump_json(by_alias=True, indent=1), "utf-8")
        draft.replace(self.state)

    def is_told_anew(self, name: str) -> bool:
        """Whether somebody deployed it in another way than stack.yml says."""
        first, said = Deployment.first(whole(self.records[name])), self.descriptions[name]
        return said != first.model_copy(update={"created_at": said.created_at})
