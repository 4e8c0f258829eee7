"""The naive way, to measure against: one functions-framework function with SQLAlchemy's ORM, pydantic and
jsonify.

It does what its documentation teaches, on the same tables and addresses as ours, without row-level security,
rate limits, revocation, or publishing what it writes to the outbox. functions-framework --source
bench/naive.py --target api
"""

import json
import os
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import functions_framework
import jwt
from flask import abort, jsonify
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from sqlalchemy import DateTime, Text, Uuid, create_engine, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

engine = create_engine(os.environ["NAIVE_DATABASE_URL"])
Session = sessionmaker(engine, expire_on_commit=False)
with engine.connect() as connection:
    TENANTS = {row.slug: row.id for row in connection.execute(text("SELECT slug, id FROM bench_tenants"))}


class Base(DeclarativeBase):
    type_annotation_map = {
        str: Text,
        UUID: Uuid,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        list[str]: ARRAY(Text),
    }


class Listing(Base):
    __tablename__ = "listings"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    tenant_id: Mapped[UUID]
    category_id: Mapped[UUID]
    slug: Mapped[str]
    status: Mapped[str]
    language: Mapped[str]
    title: Mapped[str]
    summary: Mapped[str]
    description: Mapped[str]
    address: Mapped[dict[str, Any] | None]
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    opening_hours: Mapped[dict[str, Any] | None]
    contact: Mapped[dict[str, Any] | None]
    tags: Mapped[list[str]]
    media: Mapped[list[Any]] = mapped_column(default=list)
    created_by: Mapped[UUID]
    version: Mapped[int] = mapped_column(default=1)
    published_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Outbox(Base):
    __tablename__ = "outbox"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    tenant_id: Mapped[UUID]
    type: Mapped[str]
    source: Mapped[str]
    time: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC))
    correlation_id: Mapped[str] = mapped_column(default="")
    actor_id: Mapped[str]
    traceparent: Mapped[str] = mapped_column(default="")
    data: Mapped[str]


class Schema(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True)


class ListingIn(Schema):
    category_id: UUID
    title: str = Field(min_length=3, max_length=200)
    summary: str = ""
    description: str = ""
    location: dict[str, float] | None = None
    opening_hours: dict[str, Any] | None = None
    contact: dict[str, Any] | None = None
    address: dict[str, Any] | None = None
    tags: list[str] = []


class ListingOut(Schema):
    id: UUID
    slug: str
    category_id: UUID
    status: str
    version: int
    language: str
    title: str
    summary: str
    description: str
    address: dict[str, Any] | None
    lat: float | None
    lon: float | None
    opening_hours: dict[str, Any] | None
    contact: dict[str, Any] | None
    tags: list[str]
    media: list[Any]
    published_at: datetime | None
    created_at: datetime
    updated_at: datetime


def dumped(row: Listing) -> dict[str, Any]:
    return ListingOut.model_validate(row).model_dump(mode="json", by_alias=True)


def caller(request):
    head = request.headers.get("authorization", "")
    return jwt.decode(head[7:], os.environ["JWT_SECRET"], ["HS256"], audience="access") if head else None


def list_page(tenant, args):
    limit = int(args.get("limit", 20))
    query = select(Listing).where(Listing.tenant_id == tenant, Listing.status == "published")
    if "category" in args:
        query = query.where(Listing.category_id == args["category"])
    with Session() as db:
        rows = db.scalars(
            query.order_by(Listing.published_at.desc(), Listing.id.desc()).limit(limit + 1)
        ).all()
    return jsonify({"items": [dumped(row) for row in rows[:limit]], "nextCursor": None})


def search(tenant, args):
    query = (
        select(Listing)
        .where(
            Listing.tenant_id == tenant,
            Listing.status == "published",
            text("search @@ to_tsquery('german', :q)"),
        )
        .order_by(text("ts_rank(search, to_tsquery('german', :q)) DESC"), Listing.id)
        .limit(20)
    )
    with Session() as db:
        rows = db.scalars(query, {"q": " & ".join(word + ":*" for word in args["q"].split())}).all()
    return jsonify({"items": [dumped(row) for row in rows]})


def get_one(tenant, listing_id):
    with Session() as db:
        row = db.scalar(select(Listing).where(Listing.id == listing_id, Listing.tenant_id == tenant))
    return jsonify(dumped(row)) if row else abort(404)


def create(claims, body):
    if claims is None or "listings:create" not in claims["permissions"]:
        abort(403)
    place, author = body.location or {}, UUID(claims["sub"])
    row = Listing(
        id=uuid4(),
        tenant_id=UUID(claims["tenantId"]),
        created_by=author,
        status="pending_approval",
        language="de",
        slug=uuid4().hex,
        lat=place.get("lat"),
        lon=place.get("lon"),
        **body.model_dump(exclude={"location"}),
    )
    said = {"listingId": str(row.id), "title": row.title, "contributorId": str(author), "pending": True}
    with Session() as db:
        db.add(row)
        db.add(
            Outbox(
                tenant_id=row.tenant_id,
                type="app.heidi.listing.created",
                source="/naive",
                actor_id=str(author),
                data=json.dumps(said),
            )
        )
        db.commit()
    return jsonify(dumped(row)), 201


@functions_framework.http
def api(request):
    if request.path == "/health":
        return {"status": "ok"}
    tenant = TENANTS[request.headers["x-tenant-id"]]
    claims = caller(request)
    if request.method == "POST":
        return create(claims, ListingIn.model_validate(request.get_json()))
    if request.path == "/api/listings/search":
        return search(tenant, request.args)
    if request.path == "/api/listings":
        return list_page(tenant, request.args)
    return get_one(tenant, request.path.rpartition("/")[2])
