"""What the core service says: about listings, content and media."""

from typing import ClassVar
from uuid import UUID

from events.base import Event


class ListingCreated(Event):
    """A listing was submitted; `pending` says that an admin has to look at it."""

    topic: ClassVar[str] = "listing.created"
    listing_id: UUID
    title: str
    contributor_id: UUID
    pending: bool = True


class ListingApproved(Event):
    """An admin approved a listing."""

    topic: ClassVar[str] = "listing.approved"
    listing_id: UUID
    title: str
    contributor_id: UUID


class ListingRejected(Event):
    """An admin rejected a listing and said why."""

    topic: ClassVar[str] = "listing.rejected"
    listing_id: UUID
    title: str
    contributor_id: UUID
    reason: str


class ContentPublished(Event):
    """Something became visible to everyone."""

    topic: ClassVar[str] = "content.published"
    kind: str
    content_id: UUID


class MediaRefused(Event):
    """A file was found to be malware, and is gone; `reason` is the code of why, `found` the scanner's name
    for it.
    """

    topic: ClassVar[str] = "media.refused"
    media_id: UUID
    uploaded_by: UUID
    filename: str
    reason: str
    found: str = ""


class MediaUploaded(Event):
    """A file has arrived in the tenant's bucket and waits to be processed."""

    topic: ClassVar[str] = "media.uploaded"
    media_id: UUID
