"""What other rooms put on the page of a case: a part is a name, under which its template finds what was read."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlmodel import Session

from app.models import Dispute
from app.web import casework, clock, order_board, relations

Part = Callable[[Session, Dispute], Any]
PARTS: Mapping[str, Part] = {
    "order": order_board.on_case_page,
    "casework": casework.context,
    "clock": clock.on_case_page,
    "relations": relations.on_case_page,
}
