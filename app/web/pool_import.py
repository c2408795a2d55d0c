"""A county's list into the pool, step by step: the file, what its columns mean, a look, and in it goes."""

from datetime import date

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import pool_import
from app.accounts import Viewer
from app.errors import N_, InvalidInput, NotFound
from app.models import DraftState, PoolDraft
from app.scope import Role
from app.web import guards, sessions
from app.web.i18n import locale
from app.workbooks import template
from app.workdays import shanghai
from talent_pool.importing import REQUIRED, Problem, columns

blueprint = Blueprint("pool_import", __name__)
SHOWN = 100  # rows of each sort in the preview
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def me() -> Viewer:
    """Return the coordinator; the guards have seen to it that there is one."""
    viewer = sessions.viewer()
    assert viewer is not None
    return viewer


def today() -> date:
    """Return the day in Shanghai."""
    return shanghai(sessions.now()).date()


def excel(content: bytes, name: str) -> Response:
    """Return an Excel file to keep."""
    headers = {"Content-Disposition": f"attachment; filename={name}.xlsx"}
    return Response(content, mimetype=EXCEL, headers=headers)


@blueprint.route("/pool/import", methods=["GET", "POST"])
@guards.roles(Role.COORDINATOR)
def upload() -> ResponseReturnValue:
    """Take a file; the next page asks what its columns mean."""
    if sessions.looking():
        return render_template("pool_import/upload.html", problems={})
    file = request.files.get("file")
    try:
        if file is None or not file.filename:
            raise InvalidInput({"file": N_("请先选一个文件")})
        # Read before the database is asked: a transaction must not wait for a large file.
        with file.stream as stream:
            rows = pool_import.uploaded(stream.read())
    except InvalidInput as problem:
        return render_template("pool_import/upload.html", problems=problem.problems), problem.status
    viewer = me()
    draft = pool_import.begin(
        sessions.db(),
        account_id=viewer.account_id,
        area=viewer.area,
        filename=file.filename,
        rows=rows,
        now=sessions.now(),
    )
    return redirect(url_for("pool_import.mapping", draft_id=draft.id), 303)


@blueprint.route("/pool/import/<draft_id>/columns", methods=["GET", "POST"])
@guards.roles(Role.COORDINATOR)
def mapping(draft_id: str) -> ResponseReturnValue:
    """Ask what the columns mean; what headings say is filled in, and remembered for the next list like this."""
    draft = _draft(draft_id)
    if sessions.looking():
        return _mapping(draft, draft.columns, {})
    given = {code: request.form.get(f"column-{code}", "") for code in columns()}
    places = {code: int(at) for code, at in given.items() if at.isascii() and at.isdigit() and len(at) < 4}
    try:
        pool_import.set_columns(sessions.db(), draft, places)
    except InvalidInput as problem:
        return _mapping(draft, places, problem.problems), problem.status
    return redirect(url_for("pool_import.look", draft_id=draft.id), 303)


def _mapping(draft: PoolDraft, places: dict[str, int], problems: dict[str, str]) -> str:
    names = pool_import.heading(draft)
    fields = [(code, column.zh if locale() == "zh" else column.en) for code, column in columns().items()]
    shown = {"draft": draft, "heading": names, "places": places, "fields": fields, "required": REQUIRED}
    return render_template("pool_import/columns.html", problems=problems, **shown)


@blueprint.route("/pool/import/<draft_id>", methods=["GET", "POST"])
@guards.roles(Role.COORDINATOR)
def look(draft_id: str) -> ResponseReturnValue:
    """Show what would happen; a press takes it in."""
    draft = _draft(draft_id)
    if draft.state is not DraftState.MAPPING:
        return redirect(url_for("pool_import.progress", draft_id=draft.id), 303)
    if not set(REQUIRED) <= draft.columns.keys():
        return redirect(url_for("pool_import.mapping", draft_id=draft.id), 303)
    if sessions.looking():
        found = pool_import.preview(sessions.db(), draft, today())
        fields = {code: column.zh if locale() == "zh" else column.en for code, column in columns().items()}
        return render_template(
            "pool_import/look.html", draft=draft, found=found, fields=fields, shown=SHOWN, say=_say, problems={}
        )
    chosen = {key.removeprefix("same-"): value for key, value in request.form.items() if key.startswith("same-")}
    same = {row: int(value) for row, value in chosen.items() if value.isascii() and value.isdigit() and len(value) < 10}
    pool_import.start(sessions.db(), draft, same, by=me().actor, now=sessions.now())
    return redirect(url_for("pool_import.progress", draft_id=draft.id), 303)


def _say(problem: Problem) -> str:
    return pool_import.words(problem, locale())


@blueprint.get("/pool/import/<draft_id>/progress")
@guards.roles(Role.COORDINATOR)
def progress(draft_id: str) -> ResponseReturnValue:
    """Show how far it has come; the page asks for the next part by itself, and a button does without JavaScript."""
    return render_template("pool_import/progress.html", draft=_draft(draft_id))


@blueprint.post("/pool/import/<draft_id>/part")
@guards.roles(Role.COORDINATOR)
def part(draft_id: str) -> ResponseReturnValue:
    """Take the next part in."""
    draft = _draft(draft_id)
    pool_import.step(sessions.db(), draft, by=me().actor, now=sessions.now())
    return redirect(url_for("pool_import.progress", draft_id=draft.id), 303)


@blueprint.get("/pool/import/<draft_id>/wrong.xlsx")
@guards.roles(Role.COORDINATOR)
def wrong(draft_id: str) -> ResponseReturnValue:
    """Return the rows that were, or would be, left out, to correct and upload again."""
    return excel(pool_import.rows_to_correct(sessions.db(), _draft(draft_id), today()), "to-correct")


@blueprint.get("/pool/template.xlsx")
@guards.roles(Role.COORDINATOR)
def empty() -> ResponseReturnValue:
    """Return the empty list with its drop-downs."""
    return excel(template(me().area), "mediators")


def _draft(given: str) -> PoolDraft:
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise NotFound(N_("这份表已经不在了,请重新上传"))
    return pool_import.get(sessions.db(), me().account_id, int(given))
