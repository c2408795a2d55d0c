"""The paper beside the pool: history of every change, consent and term, photo, teams, corrections, merging, undo."""

import io
from datetime import date, timedelta
from typing import Any

import pytest
from PIL import Image
from sqlmodel import Session, col, select

from app.db import Database
from talent_pool import entries, history, photos, register, roster
from talent_pool.models import Kind, Mediator, MediatorBase, RelationKind, Status
from talent_pool.profiles import Consent, Form, PoolBatch, PoolEvent, ProfileBase, ProposalState
from talent_pool.roster import Enrolment, Person, Skill
from talent_pool.spelling import MOST_READINGS, spell
from tests.clock import NOW

JIUXIAN, VILLAGE, NEXT_VILLAGE = 610629101000, 610629101200, 610629101204
TODAY = NOW.date()
BASE = MediatorBase(name="雷长安", kind=Kind.LOCAL_ELDER, home=VILLAGE, phone="13800000001")


def enrolled(session: Session, profile: ProfileBase | None = None, **changed: Any) -> int:
    status = changed.pop("status", Status.ACTIVE)
    base = BASE.model_copy(update=changed)
    enrolment = Enrolment(base, (Skill("neighbor", years=8),), (JIUXIAN,), profile, status)
    return roster.enrol_all(session, [enrolment])[0].id or 0


def told(session: Session, key: int) -> list[str]:
    return [event.what for event in reversed(history.of(session, key))]


# --- history ---------------------------------------------------------------------------------------------------------


def test_every_change_is_told_with_hand_and_values(db: Database) -> None:
    with db.write() as session:
        history.sign(session, "account:3", NOW)
        key = enrolled(session)
        roster.amend(session, key, title="退休教师")
        roster.set_service_areas(session, key, [VILLAGE])
        roster.set_expertise(session, key, [Skill("labor")])
        roster.suspend(session, key)
        absence = roster.take_leave(session, key, TODAY, TODAY, "过事")
        roster.declare_relation(session, key, RelationKind.KIN, Person("李秀英", "13911112222"), 2)
        assert roster.cancel_leave(session, key, absence.id or 0)
    with db.read() as session:
        events = history.of(session, key)
        assert told(session, key) == [
            "enrolled", "amended", "areas", "expertise", "status", "leave", "relation", "leave",
        ]  # fmt: skip
    assert {(event.by, event.at) for event in events} == {("account:3", NOW)}
    assert (events[-2].before, events[-2].after) == ({"title": ""}, {"title": "退休教师"})
    assert events[-3].before == {"areas": [JIUXIAN]}
    assert events[1].after == {"kind": "kin", "person": "李秀英", "degree": 2}


def test_what_changes_nothing_is_not_told_and_wakes_nobody(db: Database) -> None:
    with db.write() as session:
        key = enrolled(session)
    with db.write() as session:
        before = roster.get_mediator(session, key).version
        roster.amend(session, key, phone="138 0000 0001")
        roster.set_service_areas(session, key, [JIUXIAN, JIUXIAN])
        roster.set_expertise(session, key, [Skill("neighbor", years=8)])
        roster.reinstate(session, key)
        register.amend_profile(session, key, grade="")
        assert told(session, key) == ["enrolled"]
        assert roster.get_mediator(session, key).version == before


def test_a_leave_of_somebody_else_is_not_cancelled(db: Database) -> None:
    with db.write() as session:
        key, other = enrolled(session), enrolled(session, name="赵大山", phone="")
        absence = roster.take_leave(session, key, TODAY, TODAY)
        assert not roster.cancel_leave(session, other, absence.id or 0)
        assert not roster.reserve(session, key, TODAY)


@pytest.mark.parametrize(("kind", "degree"), [(RelationKind.CREDITOR, 1), (RelationKind.KIN, 4), (RelationKind.KIN, 0)])
def test_kin_alone_have_degrees_one_to_three(sqlite_db: Database, kind: RelationKind, degree: int) -> None:
    with sqlite_db.write() as session:
        key = enrolled(session)
        with pytest.raises(ValueError, match="degree"):
            roster.declare_relation(session, key, kind, Person("李秀英", "13911112222"), degree)


# --- consent and term ------------------------------------------------------------------------------------------------


def test_nobody_is_listed_who_does_not_agree(db: Database) -> None:
    with db.write() as session:
        key = enrolled(session, status=Status.PENDING)
        assert not roster.reserve(session, key, TODAY)
        register.give_consent(session, key, NOW)
        assert roster.reserve(session, key, TODAY)
        register.withdraw_consent(session, key, NOW)
        assert not roster.reserve(session, key, TODAY)
        assert register.profile_of(session, key).consent is Consent.WITHDRAWN
        assert told(session, key) == ["enrolled", "profile", "status", "profile", "status"]


def test_consent_does_not_bring_the_suspended_back(sqlite_db: Database) -> None:
    with sqlite_db.write() as session:
        key = enrolled(session, status=Status.SUSPENDED)
        register.give_consent(session, key, NOW)
        assert roster.get_mediator(session, key).status is Status.SUSPENDED


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2026, 1, 1), date(2028, 12, 31)),
        (date(2026, 7, 15), date(2029, 7, 14)),
        (date(2024, 2, 29), date(2027, 2, 28)),
    ],
)
def test_a_term_is_three_years(first: date, last: date) -> None:
    assert entries.term_end(first) == last


def test_terms_lapse_and_are_renewed(db: Database) -> None:
    over = ProfileBase(term_from=date(2023, 11, 1), term_to=TODAY - timedelta(days=1))
    runs = ProfileBase(term_from=date(2023, 11, 1), term_to=TODAY)
    with db.write() as session:
        ended, current, endless = enrolled(session, over), enrolled(session, runs), enrolled(session)
        assert register.lapse(session, TODAY) == [ended]
        assert register.lapse(session, TODAY) == []
        assert not roster.reserve(session, ended, TODAY)
        assert roster.reserve(session, current, TODAY) and roster.reserve(session, endless, TODAY)
        renewed = register.renew(session, ended, TODAY)
        assert (renewed.term_from, renewed.term_to) == (TODAY, entries.term_end(TODAY))
        assert roster.reserve(session, ended, TODAY)
        assert register.renew(session, current, TODAY).term_from == TODAY + timedelta(days=1)


def test_who_refused_is_not_listed_by_a_renewal(sqlite_db: Database) -> None:
    over = ProfileBase(term_from=date(2023, 1, 1), term_to=date(2025, 12, 31), consent=Consent.WITHDRAWN)
    with sqlite_db.write() as session:
        key = enrolled(session, over)
        register.lapse(session, TODAY)
        register.renew(session, key, TODAY)
        assert roster.get_mediator(session, key).status is Status.PENDING


@pytest.mark.parametrize(
    "wrong",
    [
        {"subkind": "police"},  # of another kind
        {"subkind": "nothing"},
        {"grade": "level_9"},
        {"term_from": date(2026, 1, 2), "term_to": date(2026, 1, 1)},
    ],
)
def test_a_wrong_paper_is_refused(sqlite_db: Database, wrong: dict[str, Any]) -> None:
    with sqlite_db.write() as session:
        key = enrolled(session)
        with pytest.raises(ValueError):
            register.amend_profile(session, key, **wrong)
        with pytest.raises(ValueError):
            enrolled(session, ProfileBase(**wrong))


# --- photo, training, teams ------------------------------------------------------------------------------------------


def picture(kind: str = "JPEG", size: tuple[int, int] = (1200, 900), **more: Any) -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", size, (120, 30, 30)).save(drawn, kind, **more)
    return drawn.getvalue()


def test_a_photo_is_drawn_anew(sqlite_db: Database) -> None:
    exif = Image.Exif()
    exif[0x010E] = "HOME ADDRESS"
    exif[0x0112] = 6  # lies on its side
    given = picture(exif=exif)
    assert b"HOME ADDRESS" in given
    with sqlite_db.write() as session:
        key = enrolled(session)
        kept = register.set_photo(session, key, given)
    assert b"HOME ADDRESS" not in kept.image
    with Image.open(io.BytesIO(kept.image)) as shown:
        assert (shown.format, shown.size) == ("JPEG", (270, 360)), "small, and upright"
    assert len(kept.image) < 30_000


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (b"", "format"),
        (b"<svg onload=alert(1)>", "format"),
        (picture()[:300], "format"),
        (picture("GIF"), "format"),
        (picture("PNG", (9000, 5000)), "pixels"),
        (b"\xff" * (photos.MOST_BYTES + 1), "size"),
    ],
)
def test_what_is_no_small_picture_is_refused(given: bytes, why: str) -> None:
    with pytest.raises(photos.PhotoError, match=why):
        photos.recode(given)


def test_a_team_steps_aside_with_its_member(db: Database) -> None:
    with db.write() as session:
        member, other = enrolled(session), enrolled(session, name="赵大山", phone="13800000002")
        team = enrolled(session, ProfileBase(form=Form.TEAM), name="旧县镇调解队", phone="", home=JIUXIAN)
        register.set_members(session, team, [member])
        roster.declare_relation(session, member, RelationKind.KIN, Person("李秀英", "13911112222"), 1)
        roster.declare_relation(session, other, RelationKind.AGENT, Person("王五", "13911113333"))
        assert roster.recused(session, [Person("李秀英", "13911112222")]) == {
            member: RelationKind.KIN,
            team: RelationKind.KIN,
        }
        assert roster.recused(session, [Person("王五", "13911113333")]) == {other: RelationKind.AGENT}
        with pytest.raises(ValueError, match="not a team"):
            register.set_members(session, member, [other])
        with pytest.raises(ValueError, match="persons alone"):
            register.set_members(session, team, [team])


def test_training_is_noted(sqlite_db: Database) -> None:
    with sqlite_db.write() as session:
        key = enrolled(session)
        register.add_training(session, key, TODAY, " 调解 技能 ", 8)
        assert history.of(session, key)[0].after == {"day": TODAY.isoformat(), "topic": "调解 技能", "hours": 8}
        for topic, hours in (("", 1), ("x", 401), ("x", -1)):
            with pytest.raises(ValueError, match="topic"):
                register.add_training(session, key, TODAY, topic, hours)


# --- corrections by the person ---------------------------------------------------------------------------------------


def test_a_correction_waits_where_it_matters(db: Database) -> None:
    with db.write() as session:
        history.sign(session, "mediator:1", NOW)
        key = enrolled(session)
        proposal = register.propose(session, key, {"phone": "13900000009", "dialects": "guanzhong"}, NOW)
        mediator = roster.get_mediator(session, key)
        assert (mediator.phone, mediator.dialects) == ("13800000001", "guanzhong")
        assert proposal is not None
        assert register.waiting(session, [key]) == [proposal]
        register.decide(session, proposal, accept=True, by="account:1", at=NOW)
        assert mediator.phone == "13900000009"
        assert register.waiting(session, [key]) == []


def test_of_two_corrections_the_later_counts_and_no_is_no(sqlite_db: Database) -> None:
    with sqlite_db.write() as session:
        key = enrolled(session)
        first = register.propose(session, key, {"title": "果农"}, NOW)
        second = register.propose(session, key, {"title": "教师"}, NOW)
        assert first is not None and second is not None
        assert register.waiting(session, [key]) == [second]
        register.decide(session, second, accept=False, by="account:1", at=NOW)
        assert (first.state, second.state) == (ProposalState.REFUSED, ProposalState.REFUSED)
        assert roster.get_mediator(session, key).title == ""
        assert register.propose(session, key, {"title": ""}, NOW) is None, "nothing differs"


# --- one of two, and back --------------------------------------------------------------------------------------------


def test_two_entries_of_one_person_become_one(db: Database) -> None:
    with db.write() as session:
        kept, gone = enrolled(session, phone=""), enrolled(session, title="教师")
        roster.set_service_areas(session, gone, [NEXT_VILLAGE])
        roster.set_expertise(session, gone, [Skill("neighbor", years=1), Skill("labor", "unpaid_wages", 3)])
        register.merge(session, kept, gone)
        mediator = roster.get_mediator(session, kept)
        assert (mediator.phone, mediator.title) == ("13800000001", "教师")
        assert roster.areas_of(session, kept) == [JIUXIAN, NEXT_VILLAGE]
        assert [(each["type"], each["years"]) for each in roster.expertise_of(session, kept)] == [
            ("neighbor", 8),
            ("labor", 3),
        ]
        assert roster.get_mediator(session, gone).status is Status.RETIRED
        assert history.of(session, gone)[0].after["why"] == f"merged:{kept}"
        assert session.get(Mediator, gone) is not None


def test_who_has_open_cases_is_not_merged_away(sqlite_db: Database) -> None:
    with sqlite_db.write() as session:
        kept, gone = enrolled(session), enrolled(session)
        assert roster.reserve(session, gone, TODAY)
        for pair in ((kept, gone), (kept, kept)):
            with pytest.raises(ValueError, match="merged"):
                register.merge(session, *pair)


def test_a_batch_is_taken_back_where_nothing_changed_since(db: Database) -> None:
    with db.write() as session:
        untouched, touched, busy = (enrolled(session, name=name) for name in ("甲某", "乙某", "丙某"))
    with db.write() as session:
        batch = register.begin_batch(session, "bulk", by="account:1", area=JIUXIAN, at=NOW)
        for key in (untouched, touched):
            roster.amend(session, key, load_cap=9)
            roster.set_service_areas(session, key, [VILLAGE])
            roster.set_expertise(session, key, [Skill("labor")])
            roster.suspend(session, key)
            register.amend_profile(session, key, grade="level_1")
        new = enrolled(session, name="丁某")
        kept = enrolled(session, name="戊某")
        assert roster.reserve(session, kept, TODAY)
    with db.write() as session:
        history.sign(session, "account:2", NOW)
        roster.amend(session, touched, load_cap=5)
        found = session.get_one(PoolBatch, batch.id)
        assert register.undo(session, found, by="account:1", at=NOW) == (10, 2)
        assert register.undo(session, found, by="account:1", at=NOW) == (0, 0), "once"
    with db.read() as session:
        for key, cap in ((untouched, 3), (touched, 5), (busy, 3)):
            mediator = roster.get_mediator(session, key)
            assert (mediator.load_cap, mediator.status) == (cap, Status.ACTIVE)
            assert roster.areas_of(session, key) == [JIUXIAN]
            assert roster.expertise_of(session, key) == [{"type": "neighbor", "subtype": "", "years": 8}]
            assert register.profile_of(session, key).grade == ""
        assert roster.get_mediator(session, new).status is Status.RETIRED
        assert roster.get_mediator(session, kept).status is Status.ACTIVE
        assert session.scalars(select(PoolEvent).where(col(PoolEvent.batch_id) == batch.id)).all() != []


# --- names by pinyin -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("雷长安", "leichangan"), ("雷长安", "lca"), ("单雄信", "shanxiongxin"), ("单雄信", "sxx"), ("仇英", "qiuying"),
        ("查良镛", "zly"), ("区小妹", "ouxiaomei"), ("曾国", "zengguo"), ("吕布", "lvbu"), ("Ali买买提", "alimaimaiti"),
    ],
)  # fmt: skip
def test_a_name_is_found_by_every_reading(name: str, typed: str) -> None:
    assert f"|{typed}|" in spell(name)


def test_spellings_are_bounded(sqlite_db: Database) -> None:
    assert spell("") == ""
    assert len(spell("和行重长" * 10)) <= 600
    assert spell("长长长长长").count("|") <= 2 * MOST_READINGS + 1
    with sqlite_db.write() as session:
        key = enrolled(session)
        roster.amend(session, key, name="单田芳")
        assert "|shantianfang|" in register.profile_of(session, key).spelt
