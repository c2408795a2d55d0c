"""The rooms of the web, in the order in which they are registered. A new topic is one line."""

from types import ModuleType

from app.web import (
    accounts,
    api,
    assignments,
    ballots,
    casework,
    desk,
    desk_mode,
    disputes,
    health,
    invitations,
    orders,
    own_entry,
    places,
    pool,
    pool_care,
    pool_entry,
    pool_import,
    reading,
    relations,
    signin,
    switches,
)
from app.web import help as manual

ROOMS: tuple[ModuleType, ...] = (
    signin,
    switches,
    desk,
    health,
    disputes,
    places,
    invitations,
    ballots,
    orders,
    desk_mode,
    assignments,
    casework,
    relations,
    pool_import,
    pool_care,
    pool_entry,
    pool,
    own_entry,
    reading,
    accounts,
    manual,
    api,
)
