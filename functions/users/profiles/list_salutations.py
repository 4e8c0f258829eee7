"""How people can be addressed, in the reader's language."""

from functions.users.profiles.salutations import NAMES
from shared.function import Context, http
from shared.schema import LanguageTag, Page, Schema


class SalutationOut(Schema):
    key: str
    name: str


@http.get("/api/users/salutations", public=True)
def list_salutations(ctx: Context, language: LanguageTag | None = None) -> Page[SalutationOut]:
    return Page(
        items=[SalutationOut(key=key, name=names[language or ctx.language]) for key, names in NAMES.items()]
    )
