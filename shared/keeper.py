"""The two functions of every service that holds data, made of what its models say about people.

erase_core_data = eraser(__name__, MODELS)
export_core_data = exporter(__name__, MODELS)
"""

from collections.abc import Callable
from uuid import UUID

from events.privacy import CityDeleted, CityErased, ExportPart, ExportRequested, UserDeleted, UserErased
from shared.db.privacy import Models
from shared.function import Context, on
from shared.personal_data import erased, hand_out

Erase = Callable[[Context, UserDeleted | CityDeleted], None]
Export = Callable[[Context, ExportRequested], None]


def eraser(
    module: str,
    models: Models,
    *,
    files_of: Callable[[Context, UUID], None] | None = None,
    leave: Callable[[Context], None] | None = None,
    except_for: tuple[str, ...] = (),
) -> Erase:
    """The function of this module that erases what a service holds about a person, or of a city.

    Before the rows go, `files_of` deletes what they name of a person (a city's bucket is emptied as a whole),
    and `leave` what lies outside of a city. `except_for` names the tables that outlive a city.
    """

    def erase(ctx: Context, event: UserDeleted | CityDeleted) -> None:
        if isinstance(event, UserDeleted) and files_of:
            files_of(ctx, event.user_id)
        if isinstance(event, CityDeleted) and leave:
            leave(ctx)
        ctx.emit(erased(ctx, event, models, except_for=except_for))

    named(erase, module)
    return on(UserDeleted, CityDeleted, emits=[UserErased, CityErased], timeout=300)(erase)


def exporter(module: str, models: Models) -> Export:
    """The function of this module that hands out what a service holds about a person, or of a whole city."""

    def export(ctx: Context, event: ExportRequested) -> None:
        ctx.emit(hand_out(ctx, event, models))

    named(export, module)
    return on(ExportRequested, emits=[ExportPart], timeout=300)(export)


def named(handler: Callable[..., None], module: str) -> None:
    """As if it were written there: file and function are called the same."""
    handler.__module__, handler.__name__ = module, module.rpartition(".")[2]
