"""The mail after a registration: the link, or to the owner of an account the news that somebody wanted
another one.
"""

from functions.auth.mailed_links import letter_with_link, link
from functions.auth.mails import letter
from shared.context import Context

KIND = "registration"


def send_link(ctx: Context, email: str, language: str, token: str, owner: str | None) -> None:
    """Mail the address; `owner` is the language of the account that it has already.

    Nothing that the registering person has written is in it: a stranger cannot use us to write to others.
    """
    if owner:
        ctx.emit(letter(ctx, "already_registered", email, owner))
    else:
        ctx.emit(
            letter_with_link(ctx, "verify_email", email, language, link(ctx, "verify-email", token, language))
        )
