"""The mail that tells people what has happened to their second factor: if it was not them, they learn of it."""
from typing import Literal

from events.notification import NotificationRequested
from functions.auth.tables import Account
from shared.context import Context
from shared.ids import new_id

Template = Literal["second_factor_enabled", "second_factor_removed"]


def letter(ctx: Context, account: Account, template: Template) -> NotificationRequested:
    """It goes to the address of the account, whatever else the person wants to be told about."""
    return NotificationRequested(notification_id=new_id(), channel="email", template=template, address=account.email,
                                 language=account.language, values={"city": ctx.tenant.name})
