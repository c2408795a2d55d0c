"""What each checked row of a county's list is: somebody new, somebody known and changed or not, or perhaps a double."""

import hashlib
import hmac
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rapidfuzz.distance import Levenshtein
from sqlalchemy import select
from sqlmodel import Session, col

from app.errors import N_
from app.invitations import links_of
from talent_pool import regions, register, roster, taxonomy
from talent_pool.importing import Checked, Problem
from talent_pool.models import Expertise, Mediator, MediatorBase, ServiceArea, Status
from talent_pool.profiles import Consent, Profile
from talent_pool.roster import Skill

SLICE = 400  # values of one IN


@dataclass(frozen=True)
class Entry:
    """Somebody who is in the pool, as far as lists are compared with it."""

    mediator: Mediator
    profile: Profile
    skills: tuple[tuple[str, str, int], ...]
    areas: tuple[int, ...]

    @property
    def id(self) -> int:
        """Return the entry's id."""
        return self.mediator.id or 0


@dataclass(frozen=True)
class Planned:
    """A row and what is to be done: new, update (`changes`: field → old and new), same, twin (of `entries`), bad."""

    row: Checked
    what: str
    entry: Entry | None = None
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()
    problems: tuple[Problem, ...] = ()
    id_index: str = ""


def blind(session: Session, number: str) -> str:
    """Return the keyed hash under which an identity number is known; '' for none. Without the key it tells nothing."""
    if not number:
        return ""
    return hmac.new(links_of(session).key.encode(), f"pool:id:{number}".encode(), hashlib.sha256).hexdigest()


def plan(session: Session, rows: Sequence[Checked], area: int, same: Mapping[str, int]) -> list[Planned]:
    """Compare rows with the pool; `same` holds what a person has decided about possible doubles, by row."""
    hashes = {row.number: blind(session, row.id_number) for row in rows}
    known = _Known(session, rows, hashes)
    return [_planned(row, known, hashes[row.number], area, same.get(str(row.number))) for row in rows]


def _planned(row: Checked, known: "_Known", id_index: str, area: int, decided: int | None) -> Planned:
    if row.enrolment is None:
        return Planned(row, "bad", problems=row.problems)
    entry, twins = known.find(row, id_index)
    if row.key is not None and entry is None:
        return _bad(row, "key", N_("库里没有这个编号:%(word)s"), str(row.key))
    if entry is None and twins:
        chosen = next((each for each in twins if each.id == decided), None)
        if chosen is None and decided != 0:
            told = Problem("name", N_("可能和库里的%(word)s是同一个人,请先认定"), _known_as(twins[0]))
            return Planned(row, "twin", entries=tuple(twins), problems=(told,))
        entry = chosen
    if entry is None:
        return Planned(row, "new", id_index=id_index)
    if not _mine(entry, area):
        return _bad(row, "name", N_("别的地方的人才库里已有此人,请和当地协调员商量"), "")
    if entry.mediator.kind is not row.enrolment.base.kind:
        other = taxonomy.label("kinds", entry.mediator.kind)
        return _bad(row, "kind", N_("库里这个人是另一类:%(word)s。一个人只能在一类"), other)
    changes = _changes(row, entry, id_index)
    return Planned(row, "update" if changes else "same", entry, changes, id_index=id_index)


def _bad(row: Checked, name: str, says: str, word: str) -> Planned:
    return Planned(row, "bad", problems=(Problem(name, says, word),))


def _known_as(entry: Entry) -> str:
    return f"{entry.mediator.name}({regions.short_name(entry.mediator.home)})"


def _mine(entry: Entry, area: int) -> bool:
    return any(
        regions.contains(area, each) or regions.contains(each, area) for each in (entry.mediator.home, *entry.areas)
    )


class _Known:
    """Those of the pool who may be one of the rows, found by number, identity, phone and village in few queries."""

    def __init__(self, session: Session, rows: Sequence[Checked], hashes: Mapping[int, str]) -> None:
        bases = [row.enrolment.base for row in rows if row.enrolment]
        self.entries = entries(
            session,
            _ids(session, col(Mediator.id), [row.key for row in rows if row.key])
            | _ids(session, col(Profile.id_index), [each for each in hashes.values() if each])
            | _ids(session, col(Mediator.phone), [base.phone for base in bases if base.phone])
            | _neighbours(session, {(base.home, base.name) for base in bases}),
        )
        self.by_id = {entry.profile.id_index: entry for entry in self.entries.values() if entry.profile.id_index}
        self.by_phone = _grouped((entry.mediator.phone, entry) for entry in self.entries.values())
        self.by_home = _grouped(
            ((entry.mediator.home, mark), entry)
            for entry in self.entries.values()
            for mark in marks(entry.mediator.name, entry.mediator.home)
        )

    def find(self, row: Checked, id_index: str) -> tuple[Entry | None, list[Entry]]:
        """Return who a row surely is, or else those who it may be."""
        if row.key is not None:
            return self.entries.get(row.key), []
        if id_index and (entry := self.by_id.get(id_index)):
            return entry, []
        assert row.enrolment is not None
        base = row.enrolment.base
        phones = self.by_phone.get(base.phone, []) if base.phone else []
        near = [each for mark in marks(base.name, base.home) for each in self.by_home.get((base.home, mark), [])]
        there = [each for each in near if alike(each.mediator.name, base.name)]
        sure = [each for each in phones if each.mediator.name == base.name]
        sure += [each for each in there if each.mediator.name == base.name and not _against(each, base, id_index)]
        if sure:
            return sure[0], []
        other_id = bool(id_index)
        doubtful = [*phones, *there]
        # Two people with two identity numbers are two, however alike their names are.
        doubtful = [each for each in doubtful if not (other_id and each.profile.id_index)]
        return None, list({each.id: each for each in doubtful}.values())


def _against(entry: Entry, base: MediatorBase, id_index: str) -> bool:
    two_phones = bool(entry.mediator.phone and base.phone and entry.mediator.phone != base.phone)
    two_ids = bool(entry.profile.id_index and id_index and entry.profile.id_index != id_index)
    return two_phones or two_ids


def alike(one: str, other: str) -> bool:
    """Tell whether two names may be one: equal, or three and more characters with one written otherwise."""
    return one == other or (min(len(one), len(other)) >= 3 and Levenshtein.distance(one, other) <= 1)


def marks(name: str, home: int) -> set[str]:
    """Return what names that may be one have in common: themselves, and in a village all but one of their characters.

    Comparing everybody with everybody would take a day for a city; of a town's thousands only the same name counts.
    """
    if len(name) < 3 or home % 1000 == 0:
        return {name}
    return {name, *(name[:at] + name[at + 1 :] for at in range(len(name)))}


def _neighbours(session: Session, people: Collection[tuple[int, str]]) -> set[int]:
    wanted = {(home, mark) for home, name in people for mark in marks(name, home)}
    homes, found = sorted({home for home, _ in people}), set[int]()
    names = sorted({name for home, name in people if home % 1000 == 0})
    columns = col(Mediator.id), col(Mediator.name), col(Mediator.home)
    living = select(*columns).where(col(Mediator.status) != Status.RETIRED)
    villages = [home for home in homes if home % 1000]
    for column, values in ((col(Mediator.home), villages), (col(Mediator.name), names)):
        for start in range(0, len(values), SLICE):
            rows = session.execute(living.where(column.in_(values[start : start + SLICE])))
            found |= {row[0] for row in rows if any((row[2], mark) in wanted for mark in marks(row[1], row[2]))}
    return found


def _ids(session: Session, column: Any, values: Collection[Any]) -> set[int]:
    found: set[int] = set()
    wanted = sorted(set(values))
    for start in range(0, len(wanted), SLICE):
        query = select(col(Mediator.id)).outerjoin(Profile, col(Profile.mediator_id) == col(Mediator.id))
        query = query.where(column.in_(wanted[start : start + SLICE]), col(Mediator.status) != Status.RETIRED)
        found |= {key for key in session.execute(query).scalars() if key is not None}
    return found


def entries(session: Session, ids: Collection[int]) -> dict[int, Entry]:
    """Return mediators with their paper, skills and areas, by id."""
    found: dict[int, Entry] = {}
    wanted = sorted(ids)
    for start in range(0, len(wanted), SLICE):
        keys = wanted[start : start + SLICE]
        pairs = session.execute(
            select(Mediator, Profile)
            .outerjoin(Profile, col(Profile.mediator_id) == col(Mediator.id))
            .where(col(Mediator.id).in_(keys))
        ).all()
        skills = _rows(session, keys, Expertise.mediator_id, Expertise.type, Expertise.subtype, Expertise.years)
        areas = _rows(session, keys, ServiceArea.mediator_id, ServiceArea.region)
        for mediator, profile in pairs:
            served = tuple(sorted(area for (area,) in areas.get(mediator.id, ())))
            paper = profile or Profile(mediator_id=mediator.id)
            found[mediator.id] = Entry(mediator, paper, tuple(map(tuple, skills.get(mediator.id, ()))), served)
    return found


def _rows(session: Session, keys: Collection[int], owner: Any, *fields: Any) -> dict[int, list[Any]]:
    query = select(owner, *fields).where(owner.in_(keys))
    return _grouped((row[0], tuple(row[1:])) for row in session.execute(query))


def _grouped(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


# --- what a row changes ----------------------------------------------------------------------------------------------

_CELLS = {"sex": ("sex", "id_number"), "birth_year": ("birth", "id_number"), "home": ("home", "town")}


def _changes(row: Checked, entry: Entry, id_index: str, *, whole: bool = False) -> dict[str, tuple[Any, Any]]:
    """Return what the row says otherwise than the entry; a blank cell erases only where the row is the whole entry."""
    said, given = row.enrolment, row.given
    assert said is not None and said.profile is not None
    wanted = {name: getattr(said.base, name) for name in MediatorBase.model_fields if name != "kind"}
    pairs = {name: (getattr(entry.mediator, name), new) for name, new in wanted.items()}
    paper = {name: getattr(said.profile, name) for name in ("form", "subkind", "grade", "term_from", "term_to")}
    pairs |= {name: (getattr(entry.profile, name), new) for name, new in paper.items()}
    pairs |= {"consent": (entry.profile.consent, said.profile.consent)}
    told = {name: _CELLS.get(name, (name,)) for name in pairs} | {"term_to": ("term_to", "term_from")}
    found = {
        name: (old, new)
        for name, (old, new) in pairs.items()
        if old != new and (whole or any(given.get(cell) for cell in told[name]))
    }
    if "home" in found and not whole and regions.contains(said.base.home, entry.mediator.home):
        del found["home"]  # the list knows the town only, the pool the village
    if id_index and id_index != entry.profile.id_index:
        found["id_index"] = (entry.profile.id_index, id_index)
    return found | _lists(row, entry, whole=whole)


def _lists(row: Checked, entry: Entry, *, whole: bool) -> dict[str, tuple[Any, Any]]:
    found: dict[str, tuple[Any, Any]] = {}
    assert row.enrolment is not None
    if (whole or row.given.get("areas")) and set(row.enrolment.service_areas) != set(entry.areas):
        found["areas"] = (entry.areas, row.enrolment.service_areas)
    if whole or row.given.get("expertise"):
        years = {(type_code, subtype): n for type_code, subtype, n in entry.skills}
        skills = [
            Skill(
                each.type,
                each.subtype,
                each.years if row.given.get("years") else years.get((each.type, each.subtype), 0),
            )
            for each in row.enrolment.skills
        ]
        if {(each.type, each.subtype): each.years for each in skills} != years:
            found["expertise"] = (entry.skills, tuple(skills))
    return found


# --- taking in -------------------------------------------------------------------------------------------------------


def as_form(planned: Planned, entry: Entry, id_index: str) -> Planned:
    """Return the same row taken as the whole entry: what is blank is erased, what a form does not ask stays."""
    changes = _changes(planned.row, entry, id_index, whole=True)
    kept = {"consent", "term_from", "term_to", *(() if id_index else ("id_index",))}
    changes = {name: both for name, both in changes.items() if name not in kept}
    return Planned(planned.row, "update" if changes else "same", entry, changes, id_index=id_index)


def apply(session: Session, planned: Sequence[Planned], now: datetime) -> list[int]:
    """Write what is new and what has changed; the rest stays as it is. Return the ids of the new."""
    enrolments = []
    for each in planned:
        if each.what == "new":
            assert each.row.enrolment is not None and each.row.enrolment.profile is not None
            agreed = each.row.enrolment.profile.consent is not Consent.UNKNOWN
            update = {"id_index": each.id_index, "consent_at": now if agreed else None}
            enrolments.append(_with(each.row.enrolment, update))
        elif each.what == "update":
            _amend(session, each, now)
    return [one.id or 0 for one in roster.enrol_all(session, enrolments)] if enrolments else []


def _with(enrolment: roster.Enrolment, update: Mapping[str, Any]) -> roster.Enrolment:
    assert enrolment.profile is not None
    profile = enrolment.profile.model_copy(update=update)
    return roster.Enrolment(enrolment.base, enrolment.skills, enrolment.service_areas, profile, enrolment.status)


def _amend(session: Session, planned: Planned, now: datetime) -> None:
    assert planned.entry is not None
    key, new = planned.entry.id, {name: value for name, (_, value) in planned.changes.items()}
    roster.amend(session, key, **{name: new[name] for name in new if name in MediatorBase.model_fields})
    paper = ("form", "subkind", "grade", "term_from", "term_to", "id_index")
    if changed := {name: new[name] for name in new if name in paper}:
        register.amend_profile(session, key, **changed)
    if "areas" in new:
        roster.set_service_areas(session, key, new["areas"])
    if "expertise" in new:
        roster.set_expertise(session, key, new["expertise"])
    match new.get("consent"):
        case Consent.GIVEN:
            register.give_consent(session, key, now)
        case Consent.WITHDRAWN:
            register.withdraw_consent(session, key, now)
