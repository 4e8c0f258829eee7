"""What a city may use, as it is agreed: by plan, or by number."""

from typing import Annotated, Literal

from pydantic import Field

from shared.schema import Schema

GIB = 2**30
Amount = Annotated[int, Field(ge=0, le=2**53 - 1, description="null for as much as it likes")]
Plan = Literal["small", "medium", "large", "unlimited"]


class Quotas(Schema):
    """A city's limits: listings and bytes of storage at a time, builds and questions to the chatbot a month."""

    listings: Amount | None
    storage_bytes: Amount | None
    builds: Amount | None
    questions: Amount | None

    @property
    def limits(self) -> dict[str, int]:
        """The kinds that are limited, as the directory keeps them."""
        return self.model_dump(exclude_none=True)


STANDARD: Plan = "medium"
PLANS: dict[Plan, Quotas] = {
    "small": Quotas(listings=2_000, storage_bytes=10 * GIB, builds=10, questions=2_000),
    "medium": Quotas(listings=10_000, storage_bytes=50 * GIB, builds=30, questions=10_000),
    "large": Quotas(listings=50_000, storage_bytes=250 * GIB, builds=100, questions=50_000),
    "unlimited": Quotas(listings=None, storage_bytes=None, builds=None, questions=None),
}
