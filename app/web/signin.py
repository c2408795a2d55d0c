"""Signing in and out, and changing one's password."""

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from app import accounts
from app.errors import N_, Forbidden, InvalidInput
from app.models import Account
from app.web import guards, sessions
from app.web.i18n import gettext
from app.web.switches import local_path

blueprint = Blueprint("signin", __name__)


@blueprint.get("/sign-in")
@guards.public
def form() -> ResponseReturnValue:
    """Show the form; whoever is signed in goes on to the work list."""
    if sessions.viewer() is not None:
        return redirect(url_for("desk.home"))
    return render_template(
        "signin/form.html", problems={}, login="", back=local_path(request.args.get("back", "")), notice=""
    )


@blueprint.post("/sign-in")
@guards.public
def submit() -> ResponseReturnValue:
    """Check name and password."""
    login, back = request.form.get("login", ""), local_path(request.form.get("back", ""))
    house = sessions.house()
    try:
        secret = accounts.sign_in(
            house.database,
            login=login,
            password=request.form.get("password", ""),
            address=request.remote_addr or "",
            now=sessions.now(),
        )
    except (Forbidden, accounts.TooManyTries) as problem:
        return render_template(
            "signin/form.html", problems={"login": problem.message}, login=login, back=back, notice=""
        ), problem.status
    sessions.sign_in(secret, "account")
    return redirect(back or url_for("desk.home"), 303)


@blueprint.post("/sign-out")
@guards.public
def sign_out() -> ResponseReturnValue:
    """End the session on the server and forget it in the browser, caches and drafts included."""
    if secret := session.get("account"):
        accounts.end_session(sessions.db(), secret)
    sessions.sign_out()
    response = redirect(url_for("signin.form"), 303)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@blueprint.get("/password")
@guards.roles(*guards.ACCOUNTS)
def password() -> ResponseReturnValue:
    """Show the form for a new password."""
    return render_template("signin/password.html", problems={})


@blueprint.post("/password")
@guards.roles(*guards.ACCOUNTS)
def change_password() -> ResponseReturnValue:
    """Set a new password; every browser has to sign in again."""
    viewer = sessions.viewer()
    assert viewer is not None
    new = request.form.get("new", "")
    try:
        if new != request.form.get("again", ""):
            raise InvalidInput({"again": N_("两次输入的新密码不一样")})
        account = sessions.db().get_one(Account, viewer.account_id)
        accounts.change_password(sessions.db(), account, old=request.form.get("old", ""), new=new)
    except InvalidInput as problem:
        return render_template("signin/password.html", problems=problem.problems), problem.status
    sessions.sign_out()
    return render_template("signin/form.html", problems={}, login="", back="", notice=gettext("密码已改,请重新登录"))
