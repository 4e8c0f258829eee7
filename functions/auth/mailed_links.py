"""Mails with a link that lets somebody in: it leads to our own address, and only the mail itself shows it."""

from events.notification import NotificationRequested
from functions.auth.mails import letter
from shared.context import Context
from shared.kit.enclosures import enclosed


def letter_with_link(
    ctx: Context, template: str, address: str, language: str, link: str, **values: str
) -> NotificationRequested:
    """The same with a link that works, which only the mail shows."""
    return enclosed(letter(ctx, template, address, language, **values), link=link)


def link(ctx: Context, page: str, token: str, language: str) -> str:
    """Where a mail leads. What stands behind a # is sent by browsers to no server, and followed by no
    scanner.
    """
    return f"{ctx.settings.public_url}/links/{page}#token={token}&language={language}"
