"""Keeping the pool in order: gaps, terms, doubles, changes of many with undo, and the printed book."""

from itertools import groupby

import segno
from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import invitations, pool, pool_care
from app.errors import InvalidInput
from app.pool import Entry, Wanted
from app.pool_care import Order, ids_of
from app.scope import Role
from app.web import guards, sessions
from app.web.pool import me, number_of, page_number, roll_page
from app.web.pool_import import excel, today
from app.workbooks import Listed, workbook
from talent_pool import history, regions, taxonomy
from talent_pool.models import Kind, Status

blueprint = Blueprint("pool_care", __name__)
BOOK = 3000  # entries of a printed book
TOWNS = 40  # columns of the map on one page


@blueprint.post("/pool/many")
@guards.roles(Role.COORDINATOR)
def many() -> ResponseReturnValue:
    """Do one thing to all that are ticked."""
    order = Order(request.form.get("what", ""), request.form.get("value", ""), ids_of(request.form.getlist("ids")))
    if order.action == "serve":
        order = Order(order.action, request.form.get("town", ""), order.ids)
    try:
        pool_care.change_many(sessions.db(), order, area=me().area, by=me().actor, now=sessions.now(), today=today())
    except InvalidInput as problem:
        sessions.rollback()
        return roll_page(problem.problems), problem.status
    return redirect(url_for("pool_care.batches"), 303)


@blueprint.get("/pool/batches")
@guards.roles(Role.COORDINATOR)
def batches() -> ResponseReturnValue:
    """Show the last changes of many, each with its way back."""
    return render_template(
        "pool_care/batches.html",
        batches=pool_care.batches(sessions.db(), me().area),
        actions=pool_care.ACTIONS,
        done=None,
    )


@blueprint.post("/pool/batches/<batch_id>/undo")
@guards.roles(Role.COORDINATOR)
def undo(batch_id: str) -> ResponseReturnValue:
    """Take a change of many back."""
    done = pool_care.take_back(sessions.db(), number_of(batch_id), area=me().area, by=me().actor, now=sessions.now())
    found = pool_care.batches(sessions.db(), me().area)
    return render_template("pool_care/batches.html", batches=found, actions=pool_care.ACTIONS, done=done)


@blueprint.get("/pool/coverage")
@guards.roles(*guards.CASES)
def coverage() -> ResponseReturnValue:
    """Show for every type and town how many can be asked."""
    area, asked = pool.area_of(me()), request.args.get("kind", "")
    kind = Kind(asked) if asked in set(Kind) else None
    gap = pool_care.coverage(sessions.db(), area, kind)
    page = page_number(request.args.get("page", ""))
    shown = range(page * TOWNS, min((page + 1) * TOWNS, len(gap.towns)))
    return render_template("pool_care/coverage.html", gap=gap, kind=kind, shown=shown, page=page, area=area)


@blueprint.get("/pool/coverage.xlsx")
@guards.roles(*guards.CASES)
def coverage_file() -> ResponseReturnValue:
    """Return the same as a file."""
    gap = pool_care.coverage(sessions.db(), pool.area_of(me()))
    rows = [[taxonomy.label("types", code), *gap.counts[code]] for code in gap.types]
    heading = ["纠纷类型", *(regions.full_name(town, below=pool.area_of(me())) for town in gap.towns)]
    return excel(workbook(Listed("覆盖", heading, rows)), "coverage")


@blueprint.get("/pool/renewals")
@guards.roles(Role.COORDINATOR)
def renewals() -> ResponseReturnValue:
    """Show whose term has ended or is about to."""
    rows = pool_care.renewals(sessions.db(), me().area, today())
    return render_template("pool_care/renewals.html", rows=rows, today=today())


@blueprint.get("/pool/doubles")
@guards.roles(Role.COORDINATOR)
def doubles() -> ResponseReturnValue:
    """Show entries that may be one person."""
    return _doubles({})


@blueprint.post("/pool/doubles")
@guards.roles(Role.COORDINATOR)
def merge() -> ResponseReturnValue:
    """Make one entry of two."""
    kept, gone = number_of(request.form.get("kept", "")), number_of(request.form.get("gone", ""))
    history.sign(sessions.db(), me().actor, sessions.now())
    try:
        pool_care.merge(sessions.db(), me().area, kept, gone)
    except InvalidInput as problem:
        sessions.rollback()
        return _doubles(problem.problems), problem.status
    return redirect(url_for("pool.person", mediator_id=kept), 303)


def _doubles(problems: dict[str, str]) -> str:
    return render_template(
        "pool_care/doubles.html", pairs=pool_care.doubles(sessions.db(), me().area), problems=problems
    )


@blueprint.get("/pool/book")
@guards.roles(*guards.CASES)
def book() -> ResponseReturnValue:
    """Show the printed 点单册: who can be asked, by type and town; no phones, since it lies on the desk."""
    area = pool.area_of(me())
    found = pool.roll(sessions.db(), area, Wanted(status=Status.ACTIVE), today=today(), limit=BOOK)
    base = invitations.links_of(sessions.db()).base_url + url_for("invitations.code_form")
    qr = segno.make(base, error="m", micro=False).svg_data_uri(scale=4, border=2)
    return render_template("pool_care/book.html", parts=_parts(found, area), qr=qr, url=base, area=area, today=today())


def _parts(found: list[Entry], area: int) -> list[tuple[str, list[tuple[str, list[Entry]]]]]:
    """Return the entries by type, and in each by the town of the home; the area's own towns first."""
    parts: list[tuple[str, list[tuple[str, list[Entry]]]]] = []
    ordered = sorted(found, key=lambda each: (not regions.contains(area, each.home), each.home, each.name))
    for code in taxonomy.types():
        good: list[Entry] = [each for each in ordered if any(skill.type == code for skill in each.skills)]
        towns = [(name, list(group)) for name, group in groupby(good, key=lambda each: _town(each, area))]
        if towns:
            parts.append((code, towns))
    return parts


def _town(entry: Entry, area: int) -> str:
    if regions.level(entry.home) < 9:
        return regions.short_name(entry.home)
    town = entry.home - entry.home % 1000
    return regions.full_name(town, below=area if regions.contains(area, town) and area != town else None)
