"""One entry of the pool as its coordinator keeps it: by form, with load, choices, history; the person's link."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlmodel import Session, col

from app import pool_rows
from app.errors import N_, InvalidInput, NotFound
from app.links import fingerprint
from app.models import Assignment, AssignmentState, EntryLink, Listing, Photo, PoolEvent, Proposal, Training
from app.pool import mine
from app.pool_export import said
from app.pool_rows import Planned
from app.wording import translate
from talent_pool import history, photos, register, roster
from talent_pool.importing import Checked, Problem, check, columns
from talent_pool.models import Absence, Mediator, Relation, RelationKind
from talent_pool.profiles import Membership, Profile
from talent_pool.roster import Person
from talent_pool.sheets import SheetRow

LINK_FOR = timedelta(days=30)
# Fields of the form; terms and consent have buttons of their own, since they are acts and not facts.
FIELDS = tuple(code for code in columns() if code not in ("key", "town", "term_from", "term_to", "consent"))


@dataclass(frozen=True)
class Choices:
    """How often somebody stood on lists, was asked, and how he or she answered."""

    listed: int
    asked: int
    accepted: int
    declined: int


@dataclass(frozen=True)
class Paper:
    """What stands behind an entry: for its coordinator, and in part for the person."""

    profile: Profile
    photo: str
    leave: list[Absence]
    ties: list[Relation]
    training: list[Training]
    members: list[Mediator]
    teams: list[Mediator]
    choices: Choices
    events: list[PoolEvent]
    proposals: list[Proposal]


_BEHIND: tuple[tuple[Any, Any, Any], ...] = (
    (Absence, col(Absence.mediator_id), col(Absence.first_day)),
    (Relation, col(Relation.mediator_id), col(Relation.id)),
    (Training, col(Training.mediator_id), col(Training.day)),
)


def paper(session: Session, mediator_id: int, today: date) -> Paper:
    """Return what stands behind an entry."""
    own = [
        list(session.execute(select(table).where(owner == mediator_id).order_by(order)).scalars())
        for table, owner, order in _BEHIND
    ]
    members = select(Mediator).join(Membership, col(Membership.member_id) == col(Mediator.id))
    teams = select(Mediator).join(Membership, col(Membership.team_id) == col(Mediator.id))
    photo = session.execute(select(col(Photo.digest)).where(col(Photo.mediator_id) == mediator_id)).scalar_one_or_none()
    return Paper(
        session.get(Profile, mediator_id) or Profile(mediator_id=mediator_id),
        photo or "",
        [absence for absence in own[0] if absence.last_day >= today],
        own[1],
        own[2],
        list(session.execute(members.where(col(Membership.team_id) == mediator_id)).scalars()),
        list(session.execute(teams.where(col(Membership.member_id) == mediator_id)).scalars()),
        _choices(session, mediator_id),
        history.of(session, mediator_id, 50),
        register.waiting(session, [mediator_id]),
    )


def leave_from(session: Session, mediator_id: int, today: date) -> list[Absence]:
    """Return the days on which somebody takes no new case, from today on."""
    query = select(Absence).where(col(Absence.mediator_id) == mediator_id, col(Absence.last_day) >= today)
    return list(session.execute(query.order_by(col(Absence.first_day))).scalars())


def _choices(session: Session, mediator_id: int) -> Choices:
    """Count in the cases that the viewer may see; marks of ballots are nobody's to count."""
    mine = col(Listing.mediator_id) == mediator_id
    listed = len(session.execute(select(col(Listing.id)).where(mine)).scalars().all())
    query = select(col(Assignment.state), func.count(col(Assignment.id))).where(
        col(Assignment.mediator_id) == mediator_id
    )
    counted = session.execute(query.group_by(col(Assignment.state)))
    states: dict[AssignmentState, int] = {row[0]: row[1] for row in counted}
    took = states.get(AssignmentState.ACCEPTED, 0) + states.get(AssignmentState.RELEASED, 0)
    return Choices(listed, sum(states.values()), took, states.get(AssignmentState.DECLINED, 0))


# --- written by form -------------------------------------------------------------------------------------------------


def typed_of(session: Session, mediator_id: int, area: int) -> dict[str, str]:
    """Return an entry as the form's fields hold it."""
    entry = pool_rows.entries(session, [mediator_id]).get(mediator_id)
    if entry is None:
        raise NotFound(N_("没有这位调解员"))
    return {name: words for name, words in said(entry, area).items() if name in FIELDS} | {"id_number": ""}


@dataclass(frozen=True)
class Desk:
    """Where a form is filled in: the coordinator's area, the moment, the day in Shanghai, the language."""

    area: int
    now: datetime
    today: date
    locale: str


def add(session: Session, cells: Mapping[str, str], desk: Desk, *, another: bool = False) -> int:
    """Write somebody new down and return the id; `another`: surely not the double that the service sees.

    Raises InvalidInput with the words of each field.
    """
    checked = _checked(cells, desk)
    (planned,) = pool_rows.plan(session, [checked], desk.area, {"1": 0} if another else {})
    if planned.what == "new":
        return pool_rows.apply(session, [planned], desk.now)[0]
    if planned.entry is not None:
        raise InvalidInput({"name": N_("库里已经有这个人")})
    raise _refused(planned.problems, desk.locale)


def change(session: Session, mediator_id: int, cells: Mapping[str, str], desk: Desk) -> None:
    """Write what the form says of an entry; a blank field erases. Raises InvalidInput with the words of each field."""
    checked = _checked(cells, desk)
    writable(session, mediator_id, desk.area)
    entry = pool_rows.entries(session, [mediator_id])[mediator_id]
    assert checked.enrolment is not None
    kind = checked.enrolment.base.kind
    if kind is not entry.mediator.kind:
        # The sub-kinds of the old kind are not those of the new one.
        register.amend_profile(session, mediator_id, subkind="")
        roster.amend(session, mediator_id, kind=kind)
    form = pool_rows.as_form(Planned(checked, "update"), entry, pool_rows.blind(session, checked.id_number))
    pool_rows.apply(session, [form], desk.now)


def _checked(cells: Mapping[str, str], desk: Desk) -> Checked:
    row = SheetRow(1, tuple(cells.get(name, "") for name in FIELDS))
    checked = check(row, {name: at for at, name in enumerate(FIELDS)}, desk.area, desk.today)
    if checked.problems:
        raise _refused(checked.problems, desk.locale)
    return checked


def _refused(problems: Sequence[Problem], locale: str) -> InvalidInput:
    return InvalidInput({each.field: translate(each.says, locale) % {"word": each.word} for each in problems})


def writable(session: Session, mediator_id: int, area: int) -> Mediator:
    """Return an entry of the coordinator's own; NotFound for others' and for none."""
    query = select(Mediator).where(col(Mediator.id) == mediator_id, mine(area))
    found: Mediator | None = session.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFound(N_("没有这位调解员"))
    return found


def declare(session: Session, mediator_id: int, kind: str, person: Person, degree: str) -> None:
    """Note a tie for which somebody must step aside."""
    if kind not in set(RelationKind):
        raise InvalidInput({"kind": N_("请选一项")})
    kin = RelationKind(kind) is RelationKind.KIN and degree in ("1", "2", "3")
    try:
        roster.declare_relation(session, mediator_id, RelationKind(kind), person, int(degree) if kin else None)
    except ValueError:
        raise InvalidInput({"person": N_("写上这个人的电话,或者姓名和村")}) from None


def set_photo(session: Session, mediator_id: int, given: bytes) -> None:
    """Keep a photo; InvalidInput says why one cannot be taken."""
    words = {
        "size": N_("照片超过 3 MB,请换小一点的"),
        "pixels": N_("照片太大,请换小一点的"),
        "format": N_("只能用 JPG、PNG 或 WebP 照片"),
    }
    try:
        register.set_photo(session, mediator_id, given)
    except photos.PhotoError as problem:
        raise InvalidInput({"photo": words[str(problem)]}) from None


# --- the person's own link -------------------------------------------------------------------------------------------


def make_link(session: Session, mediator_id: int, now: datetime) -> str:
    """Return the token of a new link to the own entry; an older one is shut."""
    older = update(EntryLink).where(col(EntryLink.mediator_id) == mediator_id, col(EntryLink.revoked_at).is_(None))
    session.execute(older.values(revoked_at=now))
    token = secrets.token_urlsafe(24)
    link = EntryLink(mediator_id=mediator_id, token_hash=fingerprint(token), created_at=now, expires_at=now + LINK_FOR)
    session.add(link)
    session.flush()
    return token


def find_link(session: Session, token: str, now: datetime) -> int | None:
    """Return whose entry a living link opens; None for any other."""
    query = select(col(EntryLink.mediator_id)).where(
        col(EntryLink.token_hash) == fingerprint(token),
        col(EntryLink.revoked_at).is_(None),
        col(EntryLink.expires_at) > now,
    )
    found: int | None = session.execute(query).scalar_one_or_none()
    return found


def keeps(session: Session, mediator_id: int, area: int) -> bool:
    """Tell whether the area's coordinator looks after the entry."""
    query = select(col(Mediator.id)).where(col(Mediator.id) == mediator_id, mine(area))
    return session.execute(query).first() is not None
