"""In which languages a reader is shown the names of things."""

from shared.context import Context


def languages(ctx: Context) -> dict[str, str]:
    """The reader's language and the city's own, for a query that names categories."""
    return {"language": ctx.language, "own_language": ctx.tenant.language}
