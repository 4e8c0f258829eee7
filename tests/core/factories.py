"""Things that core's tests need to exist."""

from typing import Any
from uuid import UUID, uuid4

from tests.support import City


def make_category(city: City, slug: str = "") -> UUID:
    """A category of the city."""
    category_id = uuid4()
    city.rows(
        "core",
        "INSERT INTO categories (id, tenant_id, slug, names) VALUES (:id, :tenant, :slug, :names) RETURNING 1",
        id=category_id,
        tenant=city.id,
        slug=slug or f"c{category_id.hex[:8]}",
        names='{"de": "Freizeit", "en": "Leisure"}',
    )
    return category_id


def make_listing(city: City, role: str = "editor", **fields: Any) -> dict[str, Any]:
    """A listing, created the way people create one."""
    body = {
        "title": "Stadtbücherei",
        "categoryId": str(fields.pop("category", None) or make_category(city)),
    } | fields
    made = city.call("create-listing", role, body=body)
    assert made.status == 201, made.body
    listing: dict[str, Any] = made.body
    return listing


def make_published(city: City, **fields: Any) -> dict[str, Any]:
    """A listing that everyone can see."""
    return make_listing(city, "city_admin", publish=True, **fields)


def make_medium(city: City, *, state: str = "ready", size: int = 3, **texts: Any) -> UUID:
    """A picture of the city, as if it had been uploaded and processed."""
    media_id = uuid4()
    said = {"filename": "a.png", "alt": "", "author": "Ada", "licence": "CC0"} | texts
    city.rows(
        "core",
        "INSERT INTO media (id, tenant_id, key, filename, content_type, size, state, alt, author, licence, created_by)"
        " VALUES (:id, :tenant, :key, :filename, 'image/png', :size, :state, :alt, :author, :licence, :by) RETURNING 1",
        id=media_id,
        tenant=city.id,
        key=f"media/{media_id}/picture.png",
        size=size,
        state=state,
        by=city.person("editor"),
        **said,
    )
    return media_id
