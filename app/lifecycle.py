"""The life of a case as a table: its states, the moves that are allowed, and what an officer should do next. Pure."""

from enum import StrEnum

from app.errors import N_, Conflict


class State(StrEnum):
    """The states of a case; codes of the field's vocabulary."""

    REGISTERED = "registered"
    TRIAGED = "triaged"
    BARRED = "barred"
    SEEKING_CONSENT = "seeking_consent"
    CHOOSING = "choosing"
    CHOOSING_ROUND2 = "choosing_round2"
    PROVISIONAL = "provisional"
    DESIGNATING = "designating"
    AWAITING_MEDIATOR = "awaiting_mediator"
    SCHEDULED = "scheduled"
    MEDIATING = "mediating"
    EXTENDED = "extended"
    AGREED_WRITTEN = "agreed_written"
    AGREED_ORAL = "agreed_oral"
    PERFORMING = "performing"
    CONFIRMING = "confirming"
    CONFIRMED = "confirmed"
    PERFORMED = "performed"
    FOLLOWING_UP = "following_up"
    RELAPSED = "relapsed"
    FAILED = "failed"
    TERMINATED = "terminated"
    TRANSFERRED = "transferred"
    CLOSED = "closed"
    ARCHIVED = "archived"


S = State
_STOP = (
    S.TERMINATED,
    S.TRANSFERRED,
)  # a side may stop at any time (人民调解法 art. 23), another organ may take over at any time
_CHOOSE = (S.CHOOSING, S.CHOOSING_ROUND2)
MOVES: dict[State, tuple[State, ...]] = {
    S.REGISTERED: (S.TRIAGED, S.BARRED, *_STOP),
    S.TRIAGED: (S.BARRED, S.SEEKING_CONSENT, S.CHOOSING, *_STOP),
    S.BARRED: (S.TRIAGED, S.TRANSFERRED, S.CLOSED),
    S.SEEKING_CONSENT: (S.CHOOSING, S.BARRED, *_STOP),
    S.CHOOSING: (S.PROVISIONAL, S.AWAITING_MEDIATOR, S.CHOOSING_ROUND2, S.DESIGNATING, S.BARRED, *_STOP),
    S.CHOOSING_ROUND2: (S.PROVISIONAL, S.AWAITING_MEDIATOR, S.DESIGNATING, S.BARRED, *_STOP),
    # Back to a list: a side has objected to its ballot and marks it anew.
    S.PROVISIONAL: (*_CHOOSE, S.AWAITING_MEDIATOR, S.DESIGNATING, S.BARRED, *_STOP),
    S.DESIGNATING: (*_CHOOSE, S.AWAITING_MEDIATOR, S.BARRED, *_STOP),
    S.AWAITING_MEDIATOR: (*_CHOOSE, S.SCHEDULED, S.DESIGNATING, S.BARRED, *_STOP),
    S.SCHEDULED: (
        *_CHOOSE,
        S.MEDIATING,
        S.AGREED_WRITTEN,
        S.AGREED_ORAL,
        S.FAILED,
        S.AWAITING_MEDIATOR,
        S.DESIGNATING,
        S.BARRED,
        *_STOP,
    ),
    S.MEDIATING: (
        S.EXTENDED,
        S.AGREED_WRITTEN,
        S.AGREED_ORAL,
        S.FAILED,
        S.AWAITING_MEDIATOR,
        S.DESIGNATING,
        S.BARRED,
        *_STOP,
    ),
    S.EXTENDED: (S.AGREED_WRITTEN, S.AGREED_ORAL, S.FAILED, S.BARRED, *_STOP),
    S.AGREED_WRITTEN: (S.PERFORMING, S.CONFIRMING, S.PERFORMED),
    S.AGREED_ORAL: (S.PERFORMING, S.PERFORMED),
    S.PERFORMING: (S.CONFIRMING, S.PERFORMED, S.RELAPSED, S.FOLLOWING_UP),
    S.CONFIRMING: (S.CONFIRMED, S.PERFORMING),
    S.CONFIRMED: (S.PERFORMED, S.FOLLOWING_UP, S.RELAPSED),
    S.PERFORMED: (S.FOLLOWING_UP, S.RELAPSED, S.CLOSED),
    S.FOLLOWING_UP: (S.RELAPSED, S.PERFORMED, S.CLOSED),
    S.RELAPSED: (S.TRIAGED, S.BARRED, S.CLOSED),
    S.FAILED: (S.CLOSED, S.TRIAGED),
    S.TERMINATED: (S.CLOSED, S.TRIAGED),
    S.TRANSFERRED: (S.CLOSED, S.TRIAGED),
    S.CLOSED: (S.ARCHIVED, S.RELAPSED),
    S.ARCHIVED: (),
}

CHOOSING_STATES = frozenset({S.CHOOSING, S.CHOOSING_ROUND2})
SETTLED = frozenset(
    {S.AGREED_WRITTEN, S.AGREED_ORAL, S.PERFORMING, S.CONFIRMING, S.CONFIRMED, S.PERFORMED, S.FOLLOWING_UP}
)
ENDED = frozenset({S.FAILED, S.TERMINATED, S.TRANSFERRED, S.CLOSED, S.ARCHIVED})
# A case stays on the weekly list until it is performed and revisited, or ended: an unperformed agreement is open.
OPEN = frozenset(S) - ENDED
HOLDS_SLOT = frozenset({S.AWAITING_MEDIATOR, S.SCHEDULED, S.MEDIATING, S.EXTENDED})

LABELS: dict[State, str] = {
    S.REGISTERED: N_("登记"),
    S.TRIAGED: N_("研判"),
    S.BARRED: N_("不宜调解"),
    S.SEEKING_CONSENT: N_("征求意愿"),
    S.CHOOSING: N_("点单中"),
    S.CHOOSING_ROUND2: N_("换一批"),
    S.PROVISIONAL: N_("待对方同意"),
    S.DESIGNATING: N_("协调指定"),
    S.AWAITING_MEDIATOR: N_("待接单"),
    S.SCHEDULED: N_("已排期"),
    S.MEDIATING: N_("调解中"),
    S.EXTENDED: N_("已延期"),
    S.AGREED_WRITTEN: N_("达成书面协议"),
    S.AGREED_ORAL: N_("达成口头协议"),
    S.PERFORMING: N_("履行中"),
    S.CONFIRMING: N_("司法确认中"),
    S.CONFIRMED: N_("已确认"),
    S.PERFORMED: N_("履行完毕"),
    S.FOLLOWING_UP: N_("回访中"),
    S.RELAPSED: N_("复发"),
    S.FAILED: N_("调解不成"),
    S.TERMINATED: N_("终止"),
    S.TRANSFERRED: N_("移送"),
    S.CLOSED: N_("结案"),
    S.ARCHIVED: N_("归档"),
}

NEXT_STEPS: dict[State, str] = {
    S.REGISTERED: N_("看研判结果"),
    S.TRIAGED: N_("发起点单"),
    S.BARRED: N_("按提示转办"),
    S.SEEKING_CONSENT: N_("问对方愿不愿调解"),
    S.CHOOSING: N_("催未封存的一方"),
    S.CHOOSING_ROUND2: N_("催未封存的一方"),
    S.PROVISIONAL: N_("问没选的一方同不同意"),
    S.DESIGNATING: N_("请协调员指定"),
    S.AWAITING_MEDIATOR: N_("催调解员接单"),
    S.SCHEDULED: N_("约好时间开调"),
    S.MEDIATING: N_("记下调解结果"),
    S.EXTENDED: N_("记下调解结果"),
    S.AGREED_WRITTEN: N_("跟踪履行"),
    S.AGREED_ORAL: N_("跟踪履行"),
    S.PERFORMING: N_("问履行了没有"),
    S.CONFIRMING: N_("等法院确认"),
    S.CONFIRMED: N_("跟踪履行"),
    S.PERFORMED: N_("回访"),
    S.FOLLOWING_UP: N_("回访"),
    S.RELAPSED: N_("重新研判"),
}


def check_move(old: State, new: State) -> None:
    """Raise Conflict unless the move is in the table."""
    if new not in MOVES[old]:
        raise Conflict(N_("案件现在是“%(state)s”,这一步做不了"), state=LABELS[old])
