"""The full roll of a place: everybody of the pool who serves it, in pages. Nobody is ranked here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from app.web.marking import good_at
from talent_pool import regions
from talent_pool.models import Expertise, Kind, Mediator, ServiceArea, Status

PAGE = 40


@dataclass(frozen=True)
class Entry:
    """One line of the roll."""

    id: int
    name: str
    kind: Kind
    home: int
    title: str
    good_at: str


def serving_page(
    session: Session, place: int, args: Mapping[str, str], leave_out: Collection[int] = ()
) -> dict[str, Any]:
    """Return one page of the roll for a template: `entries`, `page`, `more`, and the `kind` that was asked for."""
    number = int(args["page"]) if args.get("page", "").isdecimal() and len(args["page"]) < 4 else 0
    kind = Kind(args["kind"]) if args.get("kind") in set(Kind) else None
    found = serving(session, place, kind=kind, leave_out=leave_out, limit=PAGE + 1, offset=number * PAGE)
    return {"entries": found[:PAGE], "page": number, "more": len(found) > PAGE, "kind": kind.value if kind else ""}


def serving(
    session: Session,
    place: int,
    *,
    kind: Kind | None = None,
    leave_out: Collection[int] = (),
    limit: int,
    offset: int = 0,
) -> list[Entry]:
    """Return the active mediators who serve a place, by name, without those to leave out."""
    areas = [place, *regions.ancestors(place)]
    serves = select(col(ServiceArea.mediator_id)).where(col(ServiceArea.region).in_(areas))
    query = select(
        col(Mediator.id), col(Mediator.name), col(Mediator.kind), col(Mediator.home), col(Mediator.title)
    ).where(col(Mediator.status) == Status.ACTIVE, col(Mediator.id).in_(serves), col(Mediator.id).not_in(leave_out))
    if kind is not None:
        query = query.where(col(Mediator.kind) == kind)
    rows = session.execute(query.order_by(col(Mediator.name), col(Mediator.id)).limit(limit).offset(offset)).all()
    skills = _skills(session, [row.id for row in rows])
    return [Entry(row.id, row.name, row.kind, row.home, row.title, good_at(skills.get(row.id, []))) for row in rows]


def _skills(session: Session, ids: list[int]) -> dict[int, list[str]]:
    query = select(col(Expertise.mediator_id), col(Expertise.type)).where(col(Expertise.mediator_id).in_(ids))
    found: dict[int, list[str]] = {}
    for mediator_id, type_code in session.execute(query.order_by(col(Expertise.years).desc(), col(Expertise.id))):
        found.setdefault(mediator_id, []).append(type_code)
    return found
