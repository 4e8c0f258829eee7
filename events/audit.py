"""What tables say of themselves: every change of every row."""

from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from events.base import Event

Change = Literal["insert", "update", "delete"]


class EntityChanged(Event):
    """A row was changed: which fields, and before and after of those that are no person's. `function` is what
    did it.
    """

    topic: ClassVar[str] = "entity.changed"
    entity: str
    entity_id: UUID | None = None
    change: Change
    fields: list[str] = Field(default_factory=list)
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    function: str = ""
