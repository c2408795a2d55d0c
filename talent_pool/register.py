"""The paper about mediators: profile and term, consent, photo, training, teams, corrections of the own entry, undo.

Beside `talent_pool.roster` the only writer. What changes whether somebody is listed goes through the roster.
"""

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlmodel import Session, col

from talent_pool import history, photos, roster
from talent_pool.entries import term_end
from talent_pool.models import Mediator, MediatorBase, Status
from talent_pool.profiles import (
    Consent,
    Form,
    Membership,
    Photo,
    PoolBatch,
    PoolEvent,
    Profile,
    ProfileBase,
    Proposal,
    ProposalState,
    Training,
)
from talent_pool.roster import Skill
from talent_pool.spelling import spell

# What a person changes in the own entry at once; everything else waits for the coordinator's yes.
AT_ONCE = frozenset({"dialects"})


def profile_of(session: Session, mediator_id: int) -> Profile:
    """Return a mediator's paper, begun now when there is none."""
    found = session.get(Profile, mediator_id)
    if found is None:
        mediator = roster.get_mediator(session, mediator_id)
        found = Profile(mediator_id=mediator_id, spelt=spell(mediator.name))
        session.add(found)
        session.flush()
    return found


def amend_profile(session: Session, mediator_id: int, **changes: Any) -> Profile:
    """Change what is on paper. Raises ValueError for unknown codes and reversed terms, TypeError for other fields."""
    if strange := changes.keys() - ProfileBase.model_fields.keys():
        raise TypeError(f"a profile has no field {min(strange)}")
    profile = profile_of(session, mediator_id)
    kept = {name: getattr(profile, name) for name in ProfileBase.model_fields}
    kind = roster.get_mediator(session, mediator_id).kind
    wanted = roster.checked_profile(ProfileBase.model_validate({**kept, **changes}), kind)
    before, after = history.changed_fields(kept, wanted)
    for name, value in after.items():
        setattr(profile, name, value)
    if after:
        session.add(profile)
        session.flush()
        told = [{name: values[name] for name in values if name != "id_index"} for values in (before, after)]
        history.record(session, mediator_id, "profile", *told)
    return profile


# --- consent and term ------------------------------------------------------------------------------------------------


def give_consent(session: Session, mediator_id: int, at: datetime) -> None:
    """Note that the person agrees to be listed; who waited for that alone is on the lists from now on."""
    amend_profile(session, mediator_id, consent=Consent.GIVEN, consent_at=at)
    if roster.get_mediator(session, mediator_id).status is Status.PENDING:
        roster.set_status(session, mediator_id, Status.ACTIVE, "consent")


def withdraw_consent(session: Session, mediator_id: int, at: datetime) -> None:
    """Note that the person does not, or no longer, agree: off all new lists at once."""
    amend_profile(session, mediator_id, consent=Consent.WITHDRAWN, consent_at=at)
    if roster.get_mediator(session, mediator_id).status is Status.ACTIVE:
        roster.set_status(session, mediator_id, Status.PENDING, "consent")


def renew(session: Session, mediator_id: int, today: date) -> Profile:
    """Begin the next term: the day after the one that runs, or today; who had lapsed is back on the lists."""
    running = profile_of(session, mediator_id).term_to
    first = running + timedelta(days=1) if running is not None and running >= today else today
    profile = amend_profile(session, mediator_id, term_from=first, term_to=term_end(first))
    mediator = roster.get_mediator(session, mediator_id)
    if mediator.status is Status.LAPSED:
        agreed = profile.consent is not Consent.WITHDRAWN
        roster.set_status(session, mediator_id, Status.ACTIVE if agreed else Status.PENDING, "renewed")
    return profile


def lapse(session: Session, today: date) -> list[int]:
    """Take those off the lists whose term ended before today; return who they are."""
    over = select(col(Profile.mediator_id)).join(Mediator, col(Mediator.id) == col(Profile.mediator_id))
    over = over.where(col(Profile.term_to) < today, col(Mediator.status) == Status.ACTIVE)
    ended = list(session.execute(over.order_by(col(Profile.mediator_id))).scalars())
    for mediator_id in ended:
        roster.set_status(session, mediator_id, Status.LAPSED, "term")
    return ended


# --- photo, training, teams ------------------------------------------------------------------------------------------


def set_photo(session: Session, mediator_id: int, given: bytes) -> Photo:
    """Keep a photo, drawn anew. Raises PhotoError (see `talent_pool.photos`)."""
    image = photos.recode(given)
    roster.get_mediator(session, mediator_id)
    photo = session.get(Photo, mediator_id) or Photo(mediator_id=mediator_id, image=b"", digest="")
    before = photo.digest
    photo.image, photo.digest = image, photos.digest(image)
    session.add(photo)
    session.flush()
    history.record(session, mediator_id, "photo", {"digest": before}, {"digest": photo.digest})
    return photo


def drop_photo(session: Session, mediator_id: int) -> None:
    """Take the photo away."""
    photo = session.get(Photo, mediator_id)
    if photo is not None:
        session.delete(photo)
        history.record(session, mediator_id, "photo", {"digest": photo.digest}, {"digest": ""})


def add_training(session: Session, mediator_id: int, day: date, topic: str, hours: int = 0) -> Training:
    """Note a training. Raises ValueError without a topic, or for impossible hours."""
    topic = " ".join(topic.split())[:60]
    if not topic or not 0 <= hours <= 400:
        raise ValueError("a training needs a topic and 0 to 400 hours")
    roster.get_mediator(session, mediator_id)
    training = Training(mediator_id=mediator_id, day=day, topic=topic, hours=hours)
    session.add(training)
    session.flush()
    history.record(session, mediator_id, "training", {}, {"day": day, "topic": topic, "hours": hours})
    return training


def set_members(session: Session, team_id: int, members: Iterable[int]) -> None:
    """Replace who belongs to a team or studio. Raises ValueError when it is neither, or a member is no person."""
    wanted = sorted(set(members))
    if profile_of(session, team_id).form is Form.PERSON:
        raise ValueError(f"mediator {team_id} is a person, not a team")
    if any(each == team_id or profile_of(session, each).form is not Form.PERSON for each in wanted):
        raise ValueError("persons alone belong to a team")
    mine = col(Membership.team_id) == team_id
    before = sorted(session.execute(select(col(Membership.member_id)).where(mine)).scalars())
    if before == wanted:
        return
    session.execute(delete(Membership).where(mine))
    session.add_all(Membership(team_id=team_id, member_id=each) for each in wanted)
    session.flush()
    history.record(session, team_id, "members", {"members": before}, {"members": wanted})


# --- the same person twice -------------------------------------------------------------------------------------------


def merge(session: Session, kept: int, gone: int) -> None:
    """Make one entry of two: the kept one serves and knows what both did; the other retires and says where it went.

    Raises ValueError for one and the same, or when the one to go has open cases.
    """
    leaving = roster.get_mediator(session, gone)
    if kept == gone or leaving.open_cases:
        raise ValueError("an entry with open cases, or itself, cannot be merged away")
    areas = [*roster.areas_of(session, kept), *roster.areas_of(session, gone)]
    skills = {(each["type"], each["subtype"]): each for each in roster.expertise_of(session, gone)}
    skills |= {(each["type"], each["subtype"]): each for each in roster.expertise_of(session, kept)}
    roster.set_service_areas(session, kept, areas)
    roster.set_expertise(session, kept, [Skill(**each) for each in skills.values()])
    staying = roster.get_mediator(session, kept)
    lacking = {name: getattr(leaving, name) for name in ("phone", "title", "intro", "dialects", "birth_year")}
    roster.amend(session, kept, **{name: had for name, had in lacking.items() if had and not getattr(staying, name)})
    history.record(session, kept, "merged", {}, {"from": gone})
    roster.retire(session, gone, f"merged:{kept}")


# --- the own entry ---------------------------------------------------------------------------------------------------


def propose(session: Session, mediator_id: int, wanted: dict[str, Any], at: datetime) -> Proposal | None:
    """Take a correction by the person: what matters waits, the rest is done at once; None when nothing waits."""
    mediator = roster.get_mediator(session, mediator_id)
    kept = {name: getattr(mediator, name) for name in MediatorBase.model_fields}
    checked = MediatorBase.model_validate({**kept, **wanted})
    changed = {name: value for name in wanted if (value := getattr(checked, name)) != kept[name]}
    if quick := {name: value for name, value in changed.items() if name in AT_ONCE}:
        roster.amend(session, mediator_id, **quick)
    slow = {name: value for name, value in changed.items() if name not in AT_ONCE}
    if not slow:
        return None
    for older in waiting(session, [mediator_id]):
        older.state, older.decided_at = ProposalState.REFUSED, at
    proposal = Proposal(mediator_id=mediator_id, at=at, wanted=history.plain(slow))
    session.add(proposal)
    session.flush()
    return proposal


def waiting(session: Session, mediator_ids: Collection[int]) -> list[Proposal]:
    """Return the corrections of these mediators that wait, the oldest first."""
    query = select(Proposal).where(
        col(Proposal.state) == ProposalState.WAITING, col(Proposal.mediator_id).in_(mediator_ids)
    )
    return list(session.execute(query.order_by(col(Proposal.id))).scalars())


def decide(session: Session, proposal: Proposal, *, accept: bool, by: str, at: datetime) -> None:
    """Accept or refuse a correction; what was wanted stays on record either way."""
    if accept:
        roster.amend(session, proposal.mediator_id, **proposal.wanted)
    proposal.state = ProposalState.ACCEPTED if accept else ProposalState.REFUSED
    proposal.decided_at, proposal.decided_by = at, by
    session.add(proposal)
    session.flush()


# --- many at once ----------------------------------------------------------------------------------------------------


def begin_batch(session: Session, what: str, *, by: str, area: int, at: datetime, note: str = "") -> PoolBatch:
    """Begin changes that can be undone together; what this session writes from now on belongs to them."""
    batch = PoolBatch(what=what, by=by, area=area, at=at, note=note[:200])
    session.add(batch)
    session.flush()
    history.sign(session, by, at, batch.id)
    return batch


def undo(session: Session, batch: PoolBatch, *, by: str, at: datetime) -> tuple[int, int]:
    """Take a batch back: each value that is still as the batch left it; return (taken back, left as changed since).

    Whom the batch enrolled retires, unless a case is open: nobody is deleted.
    """
    if batch.undone_at is not None:
        return 0, 0
    history.sign(session, by, at)
    query = select(PoolEvent).where(col(PoolEvent.batch_id) == batch.id).order_by(col(PoolEvent.id).desc())
    done = [_revert(session, event) for event in session.execute(query).scalars().all()]
    batch.undone_at = at
    session.add(batch)
    session.flush()
    return sum(done), len(done) - sum(done)


def _revert(session: Session, event: PoolEvent) -> bool:
    key = event.mediator_id
    mediator = roster.get_mediator(session, key)
    match event.what:
        case "enrolled":
            free = mediator.open_cases == 0
            return free and roster.retire(session, key, "undone") is not None
        case "status":
            same = mediator.status == event.after["status"]
            return same and roster.set_status(session, key, Status(event.before["status"]), "undone") is not None
        case "amended":
            return _put_back(event, mediator) and roster.amend(session, key, **event.before) is not None
        case "profile":
            return _put_back(event, profile_of(session, key)) and bool(amend_profile(session, key, **event.before))
        case "areas":
            if roster.areas_of(session, key) == event.after["areas"]:
                roster.set_service_areas(session, key, event.before["areas"])
                return True
        case "expertise":
            if roster.expertise_of(session, key) == event.after["expertise"]:
                roster.set_expertise(session, key, [Skill(**each) for each in event.before["expertise"]])
                return True
    return False


def _put_back(event: PoolEvent, row: Any) -> bool:
    now = history.plain({name: getattr(row, name) for name in event.after})
    return now == event.after
