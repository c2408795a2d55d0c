"""How the machine reads: which model speaks, how well, what it learnt from; and the way back to an earlier one."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import disputes, labels, reading_report
from app.errors import N_, Conflict, DiandanError, NotFound
from app.scope import Role, Scope
from app.web import guards, sessions
from app.web.case_page import me
from matching.shelf import Shelf, ShelfError
from talent_pool import regions

blueprint = Blueprint("reading", __name__)
WATCH = (Role.COORDINATOR, Role.ADMIN)
OUTCOMES = {
    "promoted": N_("不比原来差,已换上"),
    "refused": N_("比原来差,没有换"),
    "held": N_("暂停换模型,没有换"),
    "same": N_("和原来一样"),
}
REASONS = {
    "accuracy": N_("准确率"),
    "macro_f1": N_("各类平均"),
    "sure": N_("有把握时的准确率"),
    "calibration": N_("把握度"),
}
# What the manifest names in the words of the code.
PARTS = {
    "everything": N_("全部都用"),
    "without words": N_("去掉分词(jieba)"),
    "without characters": N_("去掉一到三个字的连字"),
    "without concepts": N_("去掉同类词归并"),
    "without the lexicon's lessons": N_("去掉词典里的例词"),
    "calibration: none": N_("把握不校准"),
    "calibration: one temperature (in use)": N_("一个温度校准(在用)"),
    "calibration: scikit-learn, sigmoid": N_("scikit-learn 的 sigmoid 校准"),
    "calibration: scikit-learn, isotonic": N_("scikit-learn 的 isotonic 校准"),
}
REGISTERS = {
    "call_110": N_("110 接警记录"),
    "letter": N_("来信"),
    "long_history": N_("来回很久的事"),
    "message": N_("手机短信"),
    "officer_note": N_("民警记录"),
    "villager_spoken": N_("村民口述"),
    "county": N_("本地民警确认的"),
}
SHELF = {"first": N_("前面没有别的模型可退"), "unknown": N_("没有这个模型,或者它的文件坏了")}


@blueprint.get("/reading")
@guards.roles(*WATCH)
def page() -> ResponseReturnValue:
    """Show the model that speaks, its card, the labels, agreement and drift."""
    return _page()


@blueprint.post("/reading/rollback")
@guards.roles(Role.ADMIN)
def rollback() -> ResponseReturnValue:
    """Let the model before speak again."""
    try:
        _shelf().roll_back()
    except ShelfError as problem:
        raise Conflict(SHELF[problem.code]) from None
    return redirect(url_for("reading.page"), 303)


@blueprint.post("/reading/resume")
@guards.roles(Role.ADMIN)
def resume() -> ResponseReturnValue:
    """Let new models take over again."""
    _shelf().resume()
    return redirect(url_for("reading.page"), 303)


@blueprint.post("/reading/labels/remove")
@guards.roles(Role.COORDINATOR)
def remove() -> ResponseReturnValue:
    """Take one case's label out of learning."""
    try:
        dispute = disputes.get(sessions.db(), request.form.get("no", "").strip())
        labels.remove(sessions.db(), dispute, by=me(), now=sessions.now())
    except NotFound as problem:
        sessions.rollback()
        return _page(problem), problem.status
    return redirect(url_for("reading.page"), 303)


def _page(problem: DiandanError | None = None) -> str:
    shelf = _shelf()
    speaking = shelf.speaking()
    low, high = regions.bounds(me().area)
    # Numbers only: an administrator, who sees no case, sees how many there were of each kind.
    with sessions.house().database.read(Scope(Role.COORDINATOR, low=low, high=high)) as session:
        return render_template(
            "reading/page.html",
            speaking=speaking,
            manifest=speaking.weights.manifest if speaking.weights else {},
            models=shelf.kept(),
            held=shelf.pointer().held,
            count=reading_report.count(session),
            agreement=reading_report.agreement(session),
            gates=reading_report.gates(session),
            drift=reading_report.drift(session, speaking.weights, sessions.now()),
            nights=reading_report.nights(session),
            outcomes=OUTCOMES,
            reasons=REASONS,
            parts=PARTS,
            registers=REGISTERS,
            problem=problem,
        )


def _shelf() -> Shelf:
    return sessions.house().database.shelf
