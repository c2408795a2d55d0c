"""A small county at work, for tests that walk through the whole site: three stations, cases at every stage, everybody.

Stations `one` and `two` lie in one county, `three` in another. Each has one case per stage, brought there by the use
cases themselves; every case has words of its own (`Case.secrets`) by which a leak is recognised wherever it appears.
"""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlmodel import Session

from app import accounts, apikeys, assignments, casework, disputes, gates, invitations, orders, relations, visits
from app import cases as on_case
from app.casework import MeetingIn
from app.db import Database
from app.intake import Intake
from app.models import Account, BallotChannel, Dispute, InboxMessage, Mark, Shortlist
from app.scope import SYSTEM
from talent_pool.index import RosterIndex
from tests.builders import (
    JIAOKOUHE,
    JIAOKOUHE_VILLAGE,
    JIUXIAN,
    LUOCHUAN,
    a_coordinator,
    a_head,
    a_mediator,
    a_station,
    an_admin,
    an_officer,
    viewer,
)
from tests.clock import NOW
from tests.page import BASE

YICHUAN, YICHUAN_TOWN = 610630000000, 610630101000
CSRF = "0123456789abcdef0123456789abcdef01234567"
STAGES = ("triaged", "barred", "asked_override", "choosing", "designating", "asked", "accepted", "performing", "ended")
# One character for each case: rare enough in the pages' own words that a name with it stands for its case alone.
MARKS = "麒麟鹏鹤鹭鸿骏骐骥犇羴淼焱垚晟昶曦皓璟瑾琮琰珩璇玥珞瑶"

MEDIATORS = (
    *("秦守信", "李长山", "刘桂英", "王德贵", "张守田", "赵明义"),
    *("孙玉兰", "周有才", "吴满仓", "郑秀莲", "冯立本", "陈大河"),
)


@dataclass
class CaseIn:
    """A case at a stage, by the keys under which it is found, and the words that belong to it alone."""

    no: str
    stage: str
    mark: str
    narrative: str
    names: dict[str, str]  # side → the name of its person
    phones: dict[str, str]  # side → phone
    sides: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)  # side, or 'mediator' → token of the living link
    listed: list[int] = field(default_factory=list)  # the mediators on its list
    assignment: int = 0  # the one that counts
    link: int = 0  # to another case of the station
    sibling: str = ""  # the number of that case
    first: str = "A"  # the side that marks first at the desk

    @property
    def story(self) -> tuple[str, ...]:
        """What was said and by which numbers people are reached: for the station, and those above it, alone."""
        return (self.narrative, f"{self.mark}{self.mark}沟", *self.phones.values())

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every word that belongs to this case alone."""
        return (*self.story, *self.names.values())


@dataclass
class Town:
    """The county: ids only, since every visitor has a session of his or her own."""

    db: Database
    people: dict[str, int] = field(default_factory=dict)  # who → account id
    cases: dict[str, dict[str, CaseIn]] = field(default_factory=dict)  # station → stage → case
    keys: dict[str, str] = field(default_factory=dict)  # who → API key
    key_ids: dict[str, int] = field(default_factory=dict)
    revoked: str = ""  # a token that was good once

    def case(self, stage: str, station: str = "one") -> CaseIn:
        """A station's case at a stage."""
        return self.cases[station][stage]

    def dispute(self, session: Session, no: str) -> Dispute:
        """A case's row."""
        return disputes.get(session, no)


def a_town(db: Database, stages: tuple[str, ...] = STAGES, now: datetime = NOW) -> Town:
    """Make the county, with one case per stage at each of its three stations."""
    town, marks = Town(db), iter(MARKS)
    with db.write() as session:
        officers = _people(session, town)
        for number in range(12):
            areas = (LUOCHUAN, YICHUAN)
            phone, kind = f"1390000{number:04d}", ("administrative", "industry", "local_elder")[number % 3]
            a_mediator(session, kind=kind, areas=areas, load_cap=60, phone=phone, name=MEDIATORS[number])  # type: ignore[arg-type]
        index = RosterIndex.load(session)
        for station, officer in officers.items():
            town.cases[station] = {}
            for number, stage in enumerate(stages):
                made = _log(session, officer, next(marks), f"{station}-{number}", stage, now)
                _bring(session, town, made, index, officer, now)
                town.cases[station][stage] = made
            _link(session, town, station, officer, now)
        _keys(session, town, now)
        lost = disputes.get(session, town.case("asked").no)
        town.revoked = town.case("asked").tokens["A"]
        side = next(side for side in on_case.sides_of(session, lost) if side.letter == "A")
        invitations.reissue(session, lost, side, by="account:1", now=now)
    return town


def _link(session: Session, town: Town, station: str, officer: Account, now: datetime) -> None:
    """Link the station's first two cases."""
    first, second = list(town.cases[station].values())[:2]
    pair = disputes.get(session, first.no), disputes.get(session, second.no)
    first.link = second.link = relations.link(session, *pair, "related", by=viewer(officer), now=now).id or 0
    for made in town.cases[station].values():
        made.sibling = first.no if made is not first else second.no


def _keys(session: Session, town: Town, now: datetime) -> None:
    for who, key in {**town.people, "revoked": town.people["officer"]}.items():
        account = session.get_one(Account, key)
        town.keys[who] = apikeys.create(session, account, who, now)
        town.key_ids[who] = apikeys.living(session, account)[-1].id or 0
        if who == "revoked":
            apikeys.revoke(session, account, town.key_ids[who], now)


NAMES = (
    "秦守信",
    "李长山",
    "刘桂英",
    "王德贵",
    "张守田",
    "赵明义",
    "孙玉兰",
    "周有才",
    "吴满仓",
    "郑秀莲",
    "冯立本",
    "陈大河",
)


def _people(session: Session, town: Town) -> dict[str, Account]:
    one = a_station(session, name="交口河派出所", area=JIAOKOUHE)
    two = a_station(session, name="旧县派出所", area=JIUXIAN)
    three = a_station(session, name="宜川派出所", area=YICHUAN_TOWN)
    found = {
        "officer": an_officer(session, one, name="陆民警"),
        "colleague": an_officer(session, one, name="何民警"),
        "head": a_head(session, one, name="高所长"),
        "other_officer": an_officer(session, two, name="余民警"),
        "far_officer": an_officer(session, three, name="程民警"),
        "coordinator": a_coordinator(session, LUOCHUAN),
        "other_coordinator": a_coordinator(session, YICHUAN, name="白协调"),
        "admin": an_admin(session),
        "disabled": an_officer(session, one, name="离民警"),
    }
    town.people = {who: account.id or 0 for who, account in found.items()}
    for who, account in found.items():
        row = {"account_id": account.id, "dedupe": f"welcome-{who}", "subject": "欢迎", "body": f"{account.name}好"}
        session.add(InboxMessage(**row, at=NOW))
    return {"one": found["officer"], "two": found["other_officer"], "three": found["far_officer"]}


_serial = count(1)


def _log(session: Session, officer: Account, mark: str, key: str, stage: str, now: datetime) -> CaseIn:
    number = next(_serial)
    names = {"A": f"童{mark}山", "B": f"邱{mark}田"}
    phones = {"A": f"1371{number:03d}{number:04d}", "B": f"1372{number:03d}{number:04d}"}
    story = f"童{mark}山与邱{mark}田为院墙下的水路争吵,{mark}{mark}沟边各说各有理,电话{phones['B']}。"
    if stage in ("barred", "asked_override"):
        story += "邱家拿刀追着砍人,扬言要杀全家。"
    village = None if officer.area == YICHUAN_TOWN else JIAOKOUHE_VILLAGE
    sides = [{"parties": [{"name": names[each], "phone": phones[each], "village": village}]} for each in "AB"]
    intake = Intake.model_validate({"narrative": story, "type": "neighbor", "place": village, "sides": sides})
    made = disputes.log(session, intake, by=viewer(officer), key=f"town-{key}-0123456789", now=now)
    rows = {side.letter: side.id or 0 for side in on_case.sides_of(session, made)}
    return CaseIn(made.no, stage, mark, story, names, phones, rows)


# --- bringing a case to its stage ------------------------------------------------------------------------------------


def _bring(session: Session, town: Town, made: CaseIn, index: RosterIndex, officer: Account, now: datetime) -> None:
    dispute, by = disputes.get(session, made.no), viewer(officer)
    if made.stage == "asked_override":
        for gate in gates.standing(gates.of(session, dispute)):
            gates.decide(session, dispute, gate.code, confirm=False, reason="当事人说的是气话", by=by, now=now)
    if made.stage in ("triaged", "barred", "asked_override"):
        return
    orders.open_order(session, dispute, index=index, by=by.actor, now=now)
    made.listed = [item.mediator_id for item in orders.listings_of(session, list_of(session, dispute))]
    made.first = orders.unsealed(session, dispute)[0].letter
    _after_opening(session, made, dispute, by.actor, now)
    _keep_tokens(session, made, dispute, now)


def _after_opening(session: Session, made: CaseIn, dispute: Dispute, by: str, now: datetime) -> None:
    if made.stage == "choosing":
        return
    if made.stage == "ended":
        orders.end(session, dispute, "unreachable", by=by, now=now)
        return
    strike = made.stage == "designating"
    for letter in "AB":
        seal(session, dispute, letter, now, strike=strike and letter == "A")
    if made.stage in ("accepted", "performing"):
        present = assignments.living(session, dispute)
        assert present is not None and present.id is not None
        whom = f"mediator:{present.mediator_id}"
        assignments.accept(session, dispute, present.id, disclosed="none", by=whom, now=now)
    if made.stage == "performing":
        agreed = {"held_at": now, "outcome": "agreed_written", "terms": "各修各的水路"}
        casework.record(session, dispute, MeetingIn.model_validate(agreed), by=by, now=now)


def seal(session: Session, dispute: Dispute, letter: str, now: datetime, *, strike: bool = False) -> None:
    """Seal a side's ballot: everybody 可以, or 不要."""
    shortlist = list_of(session, dispute)
    listed = [item.mediator_id for item in orders.listings_of(session, shortlist)]
    marks = orders.read_marks(listed, dict.fromkeys(listed, Mark.STRIKE if strike else Mark.ACCEPT), [])
    side = next(side for side in on_case.sides_of(session, dispute) if side.letter == letter)
    channel, number = BallotChannel.PHONE, shortlist.round
    orders.seal(session, dispute, side, marks, round_no=number, channel=channel, now=now)


def list_of(session: Session, dispute: Dispute) -> Shortlist:
    """The case's newest list."""
    found = orders.current_round(session, dispute)
    assert found is not None
    return found


def _keep_tokens(session: Session, made: CaseIn, dispute: Dispute, now: datetime) -> None:
    links = invitations.links_of(session)
    for letter, side_id in made.sides.items():
        if found := invitations.living(session, dispute, now, side_id=side_id):
            made.tokens[letter] = links.token(found.nonce)
    present = assignments.living(session, dispute)
    made.assignment = present.id or 0 if present else 0
    if present is not None and (found := invitations.living(session, dispute, now, assignment_id=present.id)):
        made.tokens["mediator"] = links.token(found.nonce)


# --- who is at the browser -------------------------------------------------------------------------------------------


def client_of(app: Flask, kind: str = "", secret: str = "") -> FlaskClient:
    """A browser with a session (`account` or `visit`) and a CSRF secret that every form of it may use."""
    client = app.test_client()
    with client.session_transaction(base_url=BASE) as session:
        session["csrf_token"] = CSRF
        if kind:
            session[kind] = secret
    return client


def token_for(app: Flask) -> str:
    """The token that the forms of `client_of` carry."""
    signed: str = URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps(CSRF)  # type: ignore[arg-type]
    return signed


def signed_in(app: Flask, db: Database, account_id: int, now: datetime = NOW) -> FlaskClient:
    """A browser in which an account is signed in."""
    with db.write() as session:
        secret = accounts.open_session(session, now=now, hours=12, account_id=account_id)
    return client_of(app, "account", secret)


def visiting(app: Flask, db: Database, token: str, now: datetime = NOW) -> FlaskClient:
    """A browser in which a link was opened."""
    return client_of(app, "visit", visits.enter(db, token, now).secret)


def everybody(app: Flask, town: Town, now: datetime = NOW) -> dict[str, FlaskClient]:
    """A browser for each who may come: accounts, sides, mediators, and nobody in particular."""
    db, choosing, asked = town.db, town.case("choosing"), town.case("asked")
    found = {who: signed_in(app, db, key, now) for who, key in town.people.items()}
    with db.write(SYSTEM) as session:
        accounts.disable(session, session.get_one(Account, town.people["disabled"]), now)
    links = {
        "side_a": choosing.tokens["A"],
        "side_b": choosing.tokens["B"],
        "other_side": town.case("choosing", "two").tokens["A"],
        "mediator": asked.tokens["mediator"],
        "other_mediator": town.case("accepted", "two").tokens["mediator"],
    }
    found |= {who: visiting(app, db, token, now) for who, token in links.items()}
    return found | {"anonymous": client_of(app)}
