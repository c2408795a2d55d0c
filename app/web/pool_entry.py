"""An entry of the pool in its coordinator's hands: the form, and the acts that stand on its page."""

from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import pool_entry
from app.errors import N_, InvalidInput, NotFound
from app.intake import clean
from app.models import Proposal
from app.pool_care import ids_of
from app.scope import Role
from app.web import guards, places, sessions
from app.web.i18n import locale
from app.web.pool import me, number_of, person_page
from app.web.pool_import import today
from talent_pool import history, register, roster
from talent_pool.importing import columns
from talent_pool.models import Mediator, Status
from talent_pool.roster import Person

blueprint = Blueprint("pool_entry", __name__)
LISTS = {"kind": "kinds", "form": "forms", "subkind": "subkinds", "grade": "grades", "sex": "sex"}


def own(given: str) -> Mediator:
    """Return an entry that the coordinator keeps, and say who changes it from now on."""
    found = pool_entry.writable(sessions.db(), number_of(given), me().area)
    history.sign(sessions.db(), me().actor, sessions.now())
    return found


@blueprint.route("/pool/new", methods=["GET", "POST"])
@guards.roles(Role.COORDINATOR)
def new() -> ResponseReturnValue:
    """Write somebody new down; a possible double is asked about first."""
    if sessions.looking():
        return _form(None, dict.fromkeys(pool_entry.FIELDS, "") | {"load_cap": "3", "form": "个人"}, {})
    history.sign(sessions.db(), me().actor, sessions.now())
    return _save(None)


@blueprint.route("/pool/<mediator_id>/edit", methods=["GET", "POST"])
@guards.roles(Role.COORDINATOR)
def edit(mediator_id: str) -> ResponseReturnValue:
    """Change what is written down."""
    key = own(mediator_id).id or 0
    if sessions.looking():
        return _form(key, pool_entry.typed_of(sessions.db(), key, me().area), {})
    return _save(key)


def _save(key: int | None) -> ResponseReturnValue:
    typed = {name: clean(request.form.get(name, "")) for name in pool_entry.FIELDS}
    desk = pool_entry.Desk(me().area, sessions.now(), today(), locale())
    try:
        if key is None:
            saved = pool_entry.add(sessions.db(), typed, desk, another=request.form.get("another") == "1")
        else:
            pool_entry.change(sessions.db(), saved := key, typed, desk)
    except InvalidInput as problem:
        sessions.rollback()
        return _form(key, typed, problem.problems), problem.status
    return redirect(url_for("pool.person", mediator_id=saved), 303)


def _form(key: int | None, typed: dict[str, str], problems: dict[str, str]) -> str:
    fields = [(code, columns()[code].zh if locale() == "zh" else columns()[code].en) for code in pool_entry.FIELDS]
    return render_template("pool_entry/form.html", key=key, typed=typed, fields=fields, lists=LISTS, problems=problems)


def act(mediator_id: str, work: Callable[[int], Any]) -> ResponseReturnValue:
    """Do one thing to an entry and lead back to its page; what was wrong is told there."""
    key = own(mediator_id).id or 0
    try:
        work(key)
    except InvalidInput as problem:
        sessions.rollback()
        return person_page(key, problem.problems), problem.status
    return redirect(url_for("pool.person", mediator_id=key), 303)


@blueprint.post("/pool/<mediator_id>/status")
@guards.roles(Role.COORDINATOR)
def status(mediator_id: str) -> ResponseReturnValue:
    """Suspend, bring back or retire; consent and terms have their own buttons."""
    given, why = request.form.get("status", ""), clean(request.form.get("why", ""))[:100]

    def work(key: int) -> None:
        now = roster.get_mediator(sessions.db(), key).status
        allowed = {Status.SUSPENDED: (Status.ACTIVE,), Status.ACTIVE: (Status.SUSPENDED, Status.RETIRED)}
        allowed[Status.RETIRED] = (Status.ACTIVE, Status.SUSPENDED, Status.PENDING, Status.LAPSED)
        if given not in set(Status) or now not in allowed.get(Status(given), ()):
            raise InvalidInput({"main": N_("现在不能这样改")})
        wanted = Status(given)
        agreed = register.profile_of(sessions.db(), key).consent != "withdrawn"
        if wanted is Status.ACTIVE and not agreed:
            wanted = Status.PENDING
        roster.set_status(sessions.db(), key, wanted, why)

    return act(mediator_id, work)


@blueprint.post("/pool/<mediator_id>/consent")
@guards.roles(Role.COORDINATOR)
def consent(mediator_id: str) -> ResponseReturnValue:
    """Note that the person agrees to be listed, or does not."""
    agrees = request.form.get("agrees") == "yes"
    change = register.give_consent if agrees else register.withdraw_consent
    return act(mediator_id, lambda key: change(sessions.db(), key, sessions.now()))


@blueprint.post("/pool/<mediator_id>/renew")
@guards.roles(Role.COORDINATOR)
def renew(mediator_id: str) -> ResponseReturnValue:
    """Begin the next term of three years."""
    return act(mediator_id, lambda key: register.renew(sessions.db(), key, today()))


@blueprint.post("/pool/<mediator_id>/leave")
@guards.roles(Role.COORDINATOR)
def leave(mediator_id: str) -> ResponseReturnValue:
    """Note days on which the person takes no case."""
    return act(mediator_id, lambda key: roster.take_leave(sessions.db(), key, *days_of_leave()))


@blueprint.post("/pool/<mediator_id>/leave/<absence_id>/cancel")
@guards.roles(Role.COORDINATOR)
def cancel_leave(mediator_id: str, absence_id: str) -> ResponseReturnValue:
    """Take days of leave back."""

    def work(key: int) -> None:
        if not roster.cancel_leave(sessions.db(), key, number_of(absence_id)):
            raise NotFound

    return act(mediator_id, work)


@blueprint.post("/pool/<mediator_id>/tie")
@guards.roles(Role.COORDINATOR)
def tie(mediator_id: str) -> ResponseReturnValue:
    """Note a person for whom the mediator must step aside."""
    form = {name: clean(request.form.get(name, "")) for name in ("kind", "person", "phone", "village", "degree")}

    def work(key: int) -> None:
        found = places.resolve(form["village"], "", me().area)
        if found.problem:
            raise InvalidInput({"village": found.problem})
        person = Person(form["person"][:40], form["phone"][:20], found.code)
        pool_entry.declare(sessions.db(), key, form["kind"], person, form["degree"])

    return act(mediator_id, work)


@blueprint.post("/pool/<mediator_id>/training")
@guards.roles(Role.COORDINATOR)
def training(mediator_id: str) -> ResponseReturnValue:
    """Note a training."""
    topic, hours = clean(request.form.get("topic", "")), request.form.get("hours", "") or "0"

    def work(key: int) -> None:
        day = day_of(request.form.get("day", ""))
        if day is None or day > today():
            raise InvalidInput({"day": N_("日期不对,请核对")})
        if not topic or not (hours.isascii() and hours.isdigit() and len(hours) < 4 and int(hours) <= 400):
            raise InvalidInput({"topic": N_("请写培训内容和学时")})
        register.add_training(sessions.db(), key, day, topic, int(hours))

    return act(mediator_id, work)


@blueprint.post("/pool/<mediator_id>/members")
@guards.roles(Role.COORDINATOR)
def members(mediator_id: str) -> ResponseReturnValue:
    """Say who belongs to a team, by their numbers in the pool."""
    given = ids_of(request.form.get("members", "").replace("、", " ").replace(",", " ").split())

    def work(key: int) -> None:
        for each in given:
            pool_entry.writable(sessions.db(), each, me().area)
        try:
            register.set_members(sessions.db(), key, given)
        except ValueError:
            raise InvalidInput({"main": N_("团队里只能是个人")}) from None

    return act(mediator_id, work)


@blueprint.post("/pool/<mediator_id>/photo/new")
@guards.roles(Role.COORDINATOR)
def photo(mediator_id: str) -> ResponseReturnValue:
    """Keep a photo, or take it away when none was chosen."""
    file = request.files.get("photo")
    given = b""
    if file is not None and file.filename:
        with file.stream as stream:
            given = stream.read()

    def work(key: int) -> None:
        if given:
            pool_entry.set_photo(sessions.db(), key, given)
        else:
            register.drop_photo(sessions.db(), key)

    return act(mediator_id, work)


@blueprint.post("/pool/<mediator_id>/link")
@guards.roles(Role.COORDINATOR)
def link(mediator_id: str) -> ResponseReturnValue:
    """Make the link by which the person sees and corrects the own entry; it is shown once."""
    key = own(mediator_id).id or 0
    return person_page(key, {}, pool_entry.make_link(sessions.db(), key, sessions.now()))


@blueprint.post("/pool/<mediator_id>/proposal/<proposal_id>")
@guards.roles(Role.COORDINATOR)
def decide(mediator_id: str, proposal_id: str) -> ResponseReturnValue:
    """Accept or refuse a correction that the person asked for."""
    number, accept = number_of(proposal_id), request.form.get("accept") == "yes"

    def work(key: int) -> None:
        proposal = sessions.db().get(Proposal, number)
        if proposal is None or proposal.mediator_id != key or proposal.decided_at is not None:
            raise InvalidInput({"main": N_("这一条已经处理过了")})
        register.decide(sessions.db(), proposal, accept=accept, by=me().actor, at=sessions.now())

    return act(mediator_id, work)


# --- days ------------------------------------------------------------------------------------------------------------


def day_of(given: str) -> date | None:
    """Return a day as a form's field sends it."""
    try:
        return date.fromisoformat(given)
    except ValueError:
        return None


def days_of_leave() -> tuple[date, date, str]:
    """Return the first and last day of leave and the reason, from the form; InvalidInput for days that cannot be."""
    first, last = day_of(request.form.get("first", "")), day_of(request.form.get("last", ""))
    if first is None or last is None or last < first or last < today():
        raise InvalidInput({"first": N_("日期不对,请核对")})
    return first, last, clean(request.form.get("reason", ""))[:60]
