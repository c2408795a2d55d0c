"""The administrator's pages: accounts of the own area, their passwords and their API keys."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from app import apikeys, staff
from app.accounts import Viewer
from app.errors import InvalidInput, NotFound
from app.intake import clean
from app.models import Account
from app.scope import Role
from app.staff import KEPT, NewAccount
from app.web import guards, sessions
from app.web.pool import page_number
from app.web.wrong_fields import in_order, problems_in

blueprint = Blueprint("accounts", __name__)
PAGE = 50


def me() -> Viewer:
    """Return the administrator; the guards have seen to it that there is one."""
    viewer = sessions.viewer()
    assert viewer is not None
    return viewer


@blueprint.get("/accounts")
@guards.roles(Role.ADMIN)
def listing() -> ResponseReturnValue:
    """Show the accounts of the administrator's area."""
    words, page = clean(request.args.get("q", ""))[:40], page_number(request.args.get("page", ""))
    rows = staff.listing(sessions.db(), me(), words, limit=PAGE + 1, offset=page * PAGE)
    more = len(rows) > PAGE
    return render_template("accounts/listing.html", rows=rows[:PAGE], more=more, page=page, words=words, kept=KEPT)


@blueprint.route("/accounts/new", methods=["GET", "POST"])
@guards.roles(Role.ADMIN)
def new() -> ResponseReturnValue:
    """Add an account; its password is shown on the answer, and never again."""
    typed = {name: request.form.get(name, "") for name in NewAccount.model_fields}
    if sessions.looking():
        return _new_form({**typed, "role": "officer"}, {})
    try:
        made = staff.add(sessions.db(), me(), NewAccount.model_validate(typed))
    except ValidationError as found:
        return _new_form(typed, problems_in(found)), 422
    except InvalidInput as problem:
        return _new_form(typed, problem.problems), problem.status
    return render_template("accounts/password.html", made=made)


def _new_form(typed: dict[str, str], problems: dict[str, str]) -> str:
    ordered = in_order(problems, NewAccount.model_fields)
    choices = {"roles": KEPT, "stations": staff.stations(sessions.db(), me())}
    return render_template("accounts/new.html", typed=typed, problems=ordered, **choices)


@blueprint.get("/accounts/<account_id>")
@guards.roles(Role.ADMIN)
def page(account_id: str) -> ResponseReturnValue:
    """Show one account and its keys."""
    return _page(_account(account_id), {})


def _account(given: str) -> Account:
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise NotFound()
    return staff.get(sessions.db(), me(), int(given))


def _page(account: Account, problems: dict[str, str]) -> str:
    keys = apikeys.living(sessions.db(), account)
    return render_template("accounts/page.html", account=account, keys=keys, problems=problems)


@blueprint.post("/accounts/<account_id>/disable")
@guards.roles(Role.ADMIN)
def disable(account_id: str) -> ResponseReturnValue:
    """Close an account."""
    account = _account(account_id)
    staff.disable(sessions.db(), me(), account.id or 0, sessions.now())
    return redirect(url_for("accounts.page", account_id=account.id), 303)


@blueprint.post("/accounts/<account_id>/enable")
@guards.roles(Role.ADMIN)
def enable(account_id: str) -> ResponseReturnValue:
    """Open an account again."""
    account = _account(account_id)
    staff.enable(sessions.db(), me(), account.id or 0, sessions.now())
    return redirect(url_for("accounts.page", account_id=account.id), 303)


@blueprint.post("/accounts/<account_id>/password")
@guards.roles(Role.ADMIN)
def reset_password(account_id: str) -> ResponseReturnValue:
    """Give a new password, shown on the answer and never again."""
    made = staff.reset_password(sessions.db(), me(), _account(account_id).id or 0)
    return render_template("accounts/password.html", made=made)


@blueprint.post("/accounts/<account_id>/keys")
@guards.roles(Role.ADMIN)
def add_key(account_id: str) -> ResponseReturnValue:
    """Make an API key, shown on the answer and never again."""
    account = _account(account_id)
    try:
        key = apikeys.create(sessions.db(), account, clean(request.form.get("name", "")), sessions.now())
    except InvalidInput as problem:
        return _page(account, problem.problems), problem.status
    return render_template("accounts/key.html", account=account, key=key)


@blueprint.post("/accounts/<account_id>/keys/<key_id>/revoke")
@guards.roles(Role.ADMIN)
def revoke_key(account_id: str, key_id: str) -> ResponseReturnValue:
    """End an API key."""
    account = _account(account_id)
    if not (key_id.isascii() and key_id.isdigit() and len(key_id) < 10):
        raise NotFound()
    apikeys.revoke(sessions.db(), account, int(key_id), sessions.now())
    return redirect(url_for("accounts.page", account_id=account.id), 303)
