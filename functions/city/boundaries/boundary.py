"""A boundary as GeoJSON (RFC 7946), as clients send and read it, and what can be wrong with it."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, RootModel, field_validator

from shared.errors import Invalid
from shared.field_errors import wrong
from shared.schema import Schema

MOST_POSITIONS, MOST_RINGS = 50_000, 1_000
BODY_LIMIT = 4 * 1024 * 1024  # fifty thousand positions with fifteen digits each way, and room for properties


class BoundaryInvalid(Invalid):
    message = "This boundary is not valid: {problem}."


Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Position = Annotated[
    list[Number], Field(min_length=2, max_length=3, description="longitude, latitude; a height is not kept")
]
Ring = Annotated[list[Position], Field(min_length=4)]
# how many there may be is counted over all of them (checking.py)
Rings = Annotated[list[Ring], Field(min_length=1)]


class GeoJson(BaseModel):
    """What all of GeoJSON has in common: foreign members may be there; they are not kept."""

    model_config = ConfigDict(extra="ignore")
    crs: Any = None

    @field_validator("crs")
    @classmethod
    def wgs84(cls, value: object) -> object:
        """Refuse another reference system: since RFC 7946 there is only WGS 84."""
        if value is not None:
            raise wrong("NOT_WGS84")
        return value


class Polygon(GeoJson):
    """One area; the first ring is its edge, the others are holes."""

    type: Literal["Polygon"]
    coordinates: Rings

    @property
    def polygons(self) -> list[list[list[list[float]]]]:
        """Itself, as one of many."""
        return [self.coordinates]


class MultiPolygon(GeoJson):
    """Several areas."""

    type: Literal["MultiPolygon"]
    coordinates: Annotated[list[Rings], Field(min_length=1)]

    @property
    def polygons(self) -> list[list[list[list[float]]]]:
        """All of them."""
        return self.coordinates


Geometry = Annotated[Polygon | MultiPolygon, Field(discriminator="type")]


class Feature(GeoJson):
    """A geometry with properties, which are not kept; `geometry: null` takes the boundary away."""

    type: Literal["Feature"]
    geometry: Geometry | None


class BoundaryIn(RootModel[Annotated[Polygon | MultiPolygon | Feature, Field(discriminator="type")]]):
    """A Polygon, a MultiPolygon, or a Feature with either or with null."""

    @property
    def geometry(self) -> Polygon | MultiPolygon | None:
        """The area itself."""
        return self.root.geometry if isinstance(self.root, Feature) else self.root


class BoundaryOut(Schema):
    """What is kept: how many areas and positions, and square kilometres."""

    city_id: UUID
    polygons: int
    positions: int
    area: float
