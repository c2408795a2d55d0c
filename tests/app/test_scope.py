"""Nobody meets a row of a foreign case, on whatever path the query goes."""

from collections.abc import Callable
from contextlib import suppress
from itertools import product
from typing import Any

import pytest
from sqlalchemy import delete, exists, func, insert, literal, select, text, true, union_all, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, SQLModel, col

from app.db import Database
from app.lifecycle import State
from app.models import (
    Agreement,
    Asked,
    Assignment,
    AssignmentState,
    Ballot,
    BallotChannel,
    CaseLink,
    CaseWatch,
    Choice,
    Designation,
    DeskPin,
    Dispute,
    Event,
    FollowUp,
    Gate,
    HelpedBallot,
    Invitation,
    Letter,
    LinkKind,
    Listing,
    Meeting,
    Nomination,
    Party,
    Purpose,
    ReadingLabel,
    Recusal,
    SealCode,
    SealNotice,
    Shortlist,
    Side,
    SideWord,
    Station,
    VoidChoice,
)
from app.scope import NOBODY, SYSTEM, CaseOwned, Role, Scope, ScopedSession, ScopeMissing
from talent_pool.models import Kind
from talent_pool.regions import bounds
from tests.builders import ELSEWHERE, LUOCHUAN, Case, a_case, a_mediator, a_station, an_officer
from tests.clock import NOW


def case_tables() -> list[type[SQLModel]]:
    """Every mapped class whose rows belong to a case."""
    found, waiting = [], [CaseOwned]
    while waiting:
        for each in waiting.pop().__subclasses__():
            waiting.append(each)
            if hasattr(each, "__table__"):
                found.append(each)
    return found  # type: ignore[return-value]


TABLES = case_tables()
CANDIDATES = range(1, 6)  # ids of everybody in the story


def a_full_case(session: Session, area: int) -> Case:
    """A case with at least one row in every case table."""
    case = a_case(session, officer=an_officer(session, a_station(session, area=area)))
    mediator, side, owns = a_mediator(session), case.sides[0], case.dispute.owns()
    shortlist = Shortlist(**owns, made_at=NOW)
    assignment = Assignment(
        **owns, mediator_id=mediator.id, position=1, state=AssignmentState.ASKED, asked_at=NOW, due_at=NOW
    )
    session.add_all([shortlist, assignment])
    session.flush()
    secret = f"{case.dispute.no}"
    card = {"name": "谁", "kind": Kind.LOCAL_ELDER, "fit": 1, "open_cases": 0}
    link = {"purpose": Purpose.ORDER, "side_id": side.id, "nonce": secret, "created_at": NOW, "expires_at": NOW}
    label = {"text": "两家争地界", "model": "1", "machine_type": "neighbor", "probability": 0.9, "abstained": False}
    label |= {"type": "neighbor", "how": "accepted", "account_id": case.officer.id, "at": NOW, "month": "2026-11"}
    said = {"performed": "pending", "recorded_by": "account:1"}
    session.add_all(
        [
            Gate(**owns, code="crime_suspected"),
            Recusal(**owns, mediator_id=mediator.id, reason="亲戚", declared_at=NOW),
            Listing(**owns, shortlist_id=shortlist.id, position=1, mediator_id=mediator.id, **card),
            Invitation(**owns, token_hash=secret, code_hash=secret, **link),
            Ballot(**owns, side_id=side.id, channel=BallotChannel.DESK, sealed_at=NOW),
            Choice(**owns, at=NOW),
            CaseLink(**owns, other_id=case.dispute.id, kind=LinkKind.RELATED, made_by=case.officer.id, made_at=NOW),
            Meeting(**owns, held_at=NOW, outcome="continued", recorded_by="account:1"),
            Agreement(**owns, terms="各修各的", agreed_at=NOW),
            FollowUp(**owns, visited_at=NOW, **said),
            Event(**owns, at=NOW, kind="logged", actor="account:1"),
            SideWord(**owns, side_id=side.id, asked=Asked.RESULT, yes=True, how="phone", by="account:1", at=NOW),
            Nomination(**owns, side_id=side.id, round=2, mediator_id=mediator.id, at=NOW),
            Designation(**owns, mediator_id=mediator.id, by="account:1", at=NOW, due_at=NOW),
            SealCode(**owns, side_id=side.id, round=1, code_hash=secret, sent_at=NOW, expires_at=NOW),
            SealNotice(**owns, side_id=side.id, round=1, token_hash=secret, at=NOW),
            VoidChoice(**owns, round=1, sealed=secret, at=NOW, voided_at=NOW),
            HelpedBallot(
                **owns, side_id=side.id, round=1, helper_id=case.officer.id, witness="村主任", wish="spoken", at=NOW
            ),
            DeskPin(**owns, round=1, side_id=side.id, pin_hash=secret, seen_at=NOW),
            CaseWatch(**owns, wake_at=NOW),
            Letter(**owns, side_id=side.id, dedupe=secret, subject="请选人", body="请到所里", at=NOW),
            ReadingLabel(**owns, **label),
        ]
    )
    session.flush()
    return case


class World:
    """Two full cases: `ours`, and `theirs` at a station of another city; and who may see ours."""

    def __init__(self, db: Database) -> None:
        self.db = db
        with db.write() as session:
            self.ours, self.theirs = a_full_case(session, LUOCHUAN + 102_000), a_full_case(session, ELSEWHERE)
        with db.read(SYSTEM) as session:
            self._ids = {
                (case.dispute.no, table): _ids(session, table, case)
                for case in (self.ours, self.theirs)
                for table in TABLES
            }
        low, high = bounds(LUOCHUAN)
        station, case = self.ours.dispute.station_id, self.ours.dispute.id
        self.scopes = {
            Role.OFFICER: Scope(Role.OFFICER, station_id=station),
            Role.STATION_HEAD: Scope(Role.STATION_HEAD, station_id=station),
            Role.COORDINATOR: Scope(Role.COORDINATOR, low=low, high=high),
            Role.PARTY: Scope(Role.PARTY, dispute_id=case),
            Role.MEDIATOR: Scope(Role.MEDIATOR, dispute_id=case),
            Role.ADMIN: NOBODY,
        }

    def ids(self, table: Any, *, of: Case) -> set[int]:
        """Return the ids of a case's rows, seen at the beginning without any scope."""
        return self._ids[of.dispute.no, table]

    def may_see(self, role: Role, table: Any) -> set[int]:
        """Return the ids that a role may see."""
        return set() if role is Role.ADMIN else self.ids(table, of=self.ours)

    def highest(self) -> int:
        """Return the highest id of any row in the story."""
        return max(max(ids) for ids in self._ids.values())


def _ids(session: Session, table: Any, case: Case) -> set[int]:
    return set(session.execute(select(table.id).where(table.case_column() == case.dispute.id)).scalars())


@pytest.fixture
def world(db: Database) -> World:
    return World(db)


def test_every_case_table_is_in_the_story(world: World) -> None:
    assert len(TABLES) >= 14
    for table in TABLES:
        assert world.ids(table, of=world.ours) and world.ids(table, of=world.theirs), table
    assert world.highest() < CANDIDATES.stop


def by_entity(session: Session, table: Any) -> set[int]:
    return {row.id for row in session.execute(select(table)).scalars()}


def by_column(session: Session, table: Any) -> set[int]:
    return set(session.execute(select(table.id)).scalars())


def by_alias(session: Session, table: Any) -> set[int]:
    other = aliased(table)
    return {row.id for row in session.execute(select(other)).scalars()}


def by_alias_column(session: Session, table: Any) -> set[int]:
    other = aliased(table)
    return set(session.execute(select(other.id).where(other.id > 0)).scalars())


def by_join_from_an_open_table(session: Session, table: Any) -> set[int]:
    query = select(col(Station.id), table.id).join_from(Station, table, table.station_id == col(Station.id))
    return {row[1] for row in session.execute(query)}


def by_outer_join(session: Session, table: Any) -> set[int]:
    query = select(Station.name, table.id).outerjoin(table, table.station_id == col(Station.id))
    return {row[1] for row in session.execute(query) if row[1] is not None}


def by_subquery(session: Session, table: Any) -> set[int]:
    inner = select(table.id.label("found")).subquery()
    return set(session.execute(select(inner.c.found)).scalars())


def by_cte(session: Session, table: Any) -> set[int]:
    inner = select(table.id.label("found")).cte()
    return set(session.execute(select(inner.c.found)).scalars())


def by_union_in_a_subquery(session: Session, table: Any) -> set[int]:
    inner = union_all(select(table.id), select(table.id)).subquery()
    return set(session.execute(select(inner.c.id, Station.name).join_from(inner, Station, true())).scalars())


def by_get(session: Session, table: Any) -> set[int]:
    return {number for number in CANDIDATES if session.get(table, number) is not None}


def by_getting_again(session: Session, table: Any) -> set[int]:
    kept = list(session.execute(select(table)).scalars())
    return {row.id for row in kept} | by_get(session, table)


def by_in(session: Session, table: Any) -> set[int]:
    return {
        n for n in CANDIDATES if session.execute(select(literal(1)).where(literal(n).in_(select(table.id)))).first()
    }


def by_exists_on_an_open_table(session: Session, table: Any) -> set[int]:
    asked = (select(Station).where(select(table.id).where(table.id == n).exists()) for n in CANDIDATES)
    return {n for n, query in enumerate(asked, 1) if session.execute(query).first()}


def by_scalar_subquery(session: Session, table: Any) -> set[int]:
    inner = select(func.max(table.id)).scalar_subquery(), select(func.min(table.id)).scalar_subquery()
    return {n for row in session.execute(select(*inner)) for n in row if n is not None}


def by_condition_alone(session: Session, table: Any) -> set[int]:
    return {n for n in CANDIDATES if session.execute(select(literal(1)).where(table.id == n)).first()}


def by_bare_column_beside_the_class(session: Session, table: Any) -> set[int]:
    return set(session.execute(select(table.__table__.c.id).where(table.id > 0)).scalars())


def by_bare_table_beside_the_class(session: Session, table: Any) -> set[int]:
    return {row.id for row in session.execute(select(table.__table__).where(table.id > 0))}


def by_bare_join_beside_the_class(session: Session, table: Any) -> set[int]:
    query = select(col(Station.id), table.id).join_from(Station, table.__table__, table.station_id == col(Station.id))
    return {row[1] for row in session.execute(query)}


WAYS: list[Callable[[Session, Any], set[int]]] = [
    by_entity,
    by_column,
    by_alias,
    by_alias_column,
    by_join_from_an_open_table,
    by_outer_join,
    by_subquery,
    by_cte,
    by_union_in_a_subquery,
    by_get,
    by_getting_again,
    by_in,
    by_exists_on_an_open_table,
    by_scalar_subquery,
    by_condition_alone,
    by_bare_column_beside_the_class,
    by_bare_table_beside_the_class,
    by_bare_join_beside_the_class,
]


@pytest.mark.unmeasured
def test_no_way_of_asking_shows_a_foreign_row(world: World) -> None:
    wrong = []
    for way, (role, scope), table in product(WAYS, world.scopes.items(), TABLES):
        with world.db.read(scope) as session:
            seen, allowed = way(session, table), world.may_see(role, table)
        # An own row that is not shown would be a defect as well.
        if not seen <= allowed or (allowed and not seen):
            wrong.append((way.__name__, role.value, table.__name__, seen, allowed))
    assert not wrong


def test_count_counts_only_what_may_be_seen(world: World) -> None:
    for role, scope in world.scopes.items():
        for table in TABLES:
            with world.db.read(scope) as session:
                number = session.execute(select(func.count()).select_from(table)).scalar_one()
            assert number == len(world.may_see(role, table)), (role, table)


REFUSED = {
    "union": lambda table: union_all(select(table.id), select(table.id)),
    "no class at the top": lambda table: select(literal(1)).where(exists().where(table.id == 1)),
    "bare table": lambda table: select(table.__table__),
    "bare column": lambda table: select(table.__table__.c.id),
    "bare column in a condition": lambda table: select(Station).where(
        exists().where(table.__table__.c.station_id == col(Station.id))
    ),
    "bare update": lambda table: update(table.__table__).values(station_id=1),
    "bare delete": lambda table: delete(table.__table__),
    "bare insert": lambda table: insert(table.__table__).values(station_id=1),
    "words": lambda table: text(f"SELECT * FROM {table.__tablename__}"),
    "words in a condition": lambda table: select(Station).where(text(f"EXISTS (SELECT 1 FROM {table.__tablename__})")),
}


def test_what_cannot_be_filtered_is_refused(world: World) -> None:
    through = []
    for how, (role, scope), table in product(REFUSED, world.scopes.items(), TABLES):
        with world.db.read(scope) as session, suppress(ScopeMissing):
            session.execute(REFUSED[how](table))
            through.append((how, role.value, table.__name__))
    assert not through


def test_without_a_scope_nothing_runs(world: World) -> None:
    bare = ScopedSession(world.db.engine)
    with bare:
        for table in TABLES:
            for query in (select(table), select(func.count()).select_from(table), select(table.__table__)):
                with pytest.raises(ScopeMissing):
                    bare.execute(query)
        bare.add(Dispute(**world.ours.dispute.owns()))
        with pytest.raises(ScopeMissing):
            bare.flush()


def test_system_sees_everything(world: World) -> None:
    for scope in (SYSTEM, Scope(Role.SYSTEM)):
        with world.db.read(scope) as session:
            assert by_entity(session, Dispute) == by_column(session, Dispute) == {1, 2}
            assert len(session.execute(select(Dispute.__table__)).all()) == 2


def test_update_and_delete_reach_only_what_may_be_seen(world: World) -> None:
    for role, scope in world.scopes.items():
        for table in TABLES:
            allowed = len(world.may_see(role, table))
            with world.db.session(scope) as session:
                changed = session.execute(update(table).values(id=table.id)) if table is not Dispute else None
                assert changed is None or changed.rowcount == allowed, (role, table)
            if table in (Dispute, Side, Shortlist, Assignment):
                continue  # others point at them
            with world.db.session(scope) as session:
                assert session.execute(delete(table)).rowcount == allowed, (role, table)


def test_delete_of_a_whole_case_leaves_the_other(world: World) -> None:
    with world.db.write(world.scopes[Role.OFFICER]) as session:
        session.execute(delete(Dispute))
    with world.db.read(SYSTEM) as session:
        assert by_entity(session, Dispute) == {world.theirs.dispute.id}
        assert len(by_entity(session, Party)) == len(world.theirs.parties)


def foreign_rows(world: World) -> dict[str, Any]:
    return world.theirs.dispute.owns() | {"code": "crime_suspected_2"}


def test_foreign_row_is_not_inserted(world: World) -> None:
    for scope in world.scopes.values():
        with world.db.session(scope) as session:
            session.add(Gate(**foreign_rows(world)))
            with pytest.raises(ScopeMissing):
                session.flush()
        for statement in (insert(Gate).values(**foreign_rows(world)), insert(Gate)):
            with world.db.session(scope) as session, pytest.raises(ScopeMissing):
                session.execute(statement, None if statement._values else [foreign_rows(world)])


def test_own_row_is_inserted(world: World) -> None:
    own = world.ours.dispute.owns()
    for number, (role, scope) in enumerate(world.scopes.items()):
        if role is Role.ADMIN:
            continue
        with world.db.write(scope) as session:
            session.add(Gate(**own, code=f"a{number}"))
            session.flush()
            session.execute(insert(Gate).values(**own, code=f"b{number}", state="suspected", reason=""))
            session.execute(insert(Gate), [own | {"code": f"c{number}"}, own | {"code": f"d{number}"}])
    with world.db.read(SYSTEM) as session:
        assert len(_ids(session, Gate, world.ours)) == 1 + 5 * 4


def test_row_is_not_moved_out(world: World) -> None:
    for column in ("station_id", "area", "dispute_id"):
        for role in (Role.OFFICER, Role.COORDINATOR, Role.PARTY):
            value = world.theirs.dispute.owns()[column]
            with world.db.session(world.scopes[role]) as session, pytest.raises(ScopeMissing):
                session.execute(update(Party).values(**{column: value}))
    with world.db.session(world.scopes[Role.OFFICER]) as session:
        session.execute(select(Dispute)).scalar_one().station_id = world.theirs.dispute.station_id
        with pytest.raises(ScopeMissing):
            session.flush()


def test_foreign_row_is_not_moved_in(world: World) -> None:
    with world.db.read(SYSTEM) as session:
        theirs = session.get(Dispute, world.theirs.dispute.id)
    assert theirs is not None
    theirs.station_id = world.ours.dispute.station_id
    with world.db.session(world.scopes[Role.OFFICER]) as session:
        session.add(theirs)
        with pytest.raises(ScopeMissing):
            session.flush()


def test_area_is_a_range_not_the_beginning_of_a_number(db: Database) -> None:
    """61/0 must not see 61/01: codes that begin alike lie in different places."""
    with db.write() as session:
        for area in (610629102000, 610630000000, 611000000000, 610600000000):
            a_case(session, officer=an_officer(session, a_station(session, area=area)))
    expected = {610629102000: 1, 610629000000: 1, 610630000000: 1, 610600000000: 3, 610000000000: 4, 611000000000: 1}
    for area, number in expected.items():
        low, high = bounds(area)
        with db.read(Scope(Role.COORDINATOR, low=low, high=high)) as session:
            assert len(by_entity(session, Dispute)) == number, area


def test_a_scope_without_its_region_sees_nothing(world: World) -> None:
    for role in (Role.OFFICER, Role.STATION_HEAD, Role.COORDINATOR, Role.PARTY, Role.MEDIATOR, Role.ADMIN):
        with world.db.read(Scope(role)) as session:
            assert by_entity(session, Dispute) == set(), role


def test_state_and_version_may_be_changed_by_statement(world: World) -> None:
    with world.db.write(world.scopes[Role.OFFICER]) as session:
        session.execute(update(Dispute).values(version=Dispute.version + 1, state=State.CHOOSING))
    with world.db.read(SYSTEM) as session:
        rows = session.execute(select(Dispute.id, Dispute.version, Dispute.state).order_by(Dispute.id)).all()
    assert [tuple(row) for row in rows] == [(1, 2, State.CHOOSING), (2, 1, State.TRIAGED)]
