"""What happened to a case, in words: one sentence for each kind of event; a kind without one is told by its name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from app.errors import N_
from app.lifecycle import LABELS, State
from app.models import Event
from app.web.filters import label, type_label
from app.web.i18n import gettext
from talent_pool import taxonomy
from talent_pool.models import Mediator

Names = Mapping[int, str]


@dataclass(frozen=True)
class Line:
    """When, who, and what; `said` are a person's own words (a reason), shown apart from ours."""

    at: datetime
    who: str
    words: str
    said: str = ""


SENTENCES: dict[str, str] = {
    "logged": N_("登记为%(type)s"),
    "moved": N_("状态:%(before)s → %(after)s"),
    "gate_decided": N_("%(gate)s:%(state)s"),
    "type_corrected": N_("类型由%(before)s改为%(after)s"),
    "linked": N_("%(link)s%(other)s"),
    "unlinked": N_("撤销:%(link)s%(other)s"),
    "recused": N_("%(mediator)s回避"),
    "reissued": N_("%(side)s方的链接重新发出,旧的作废"),
    "sealed": N_("%(side)s方封好了选票(%(channel)s)"),
    "objected": N_("%(side)s方说不是他选的,重新选"),
    "helped": N_("帮%(side)s方选,见证人%(witness)s"),
    "reminded": N_("提醒了%(side)s方"),
    "chosen": N_("双方选出%(mediator)s"),
    "asked": N_("请%(mediator)s接单"),
    "accepted": N_("%(mediator)s接单"),
    "passed_over": N_("%(mediator)s过期没有答复,问下一位"),
    "declined": N_("%(mediator)s不便接单"),
    "said": N_("%(side)s方答复了"),
    "named": N_("协调员提名%(mediator)s"),
    "nominated": N_("%(side)s方为下一批提了一位"),
    "help_asked": N_("%(side)s方请所里帮忙选"),
    "tie_disclosed": N_("%(mediator)s说明了与当事人的关系"),
    "joint": N_("两位调解员一起调"),
    "joined": N_("%(mediator)s同意一起调"),
    "nobody_joins": N_("没有能一起调的另一类调解员"),
    "no_list": N_("没有人可再列,请协调员指定"),
    "log_opened": N_("打开了选择的记录"),
    "replaced": N_("更换%(mediator)s"),
    "contacted": N_("已联系双方"),
    "refused": N_("%(side)s方不愿调解"),
    "session_recorded": N_("记录一次调解:%(outcome)s"),
    "performance": N_("履行情况:%(performed)s"),
    "follow_up": N_("回访:%(performed)s"),
}


def lines(session: Session, events: list[Event], accounts: Names) -> list[Line]:
    """Return the history, oldest first, with the names of whoever acted."""
    mediators = _mediators(session, events)
    return [
        Line(
            event.at,
            _who(event.actor, accounts, mediators),
            _words(event, mediators),
            str(event.data.get("reason", "")),
        )
        for event in events
    ]


def _mediators(session: Session, events: list[Event]) -> Names:
    ids = {event.data["mediator"] for event in events if isinstance(event.data.get("mediator"), int)}
    ids |= {int(event.actor.removeprefix("mediator:")) for event in events if event.actor.startswith("mediator:")}
    rows = session.execute(select(col(Mediator.id), col(Mediator.name)).where(col(Mediator.id).in_(ids)))
    return {key: name for key, name in rows if key is not None}


def _who(actor: str, accounts: Names, mediators: Names) -> str:
    kind, _, key = actor.partition(":")
    match kind:
        case "account":
            return accounts.get(int(key), "")
        case "side":
            return gettext(N_("%(side)s方"), side=key)
        case "mediator":
            return mediators.get(int(key), "")
    return gettext(N_("系统"))


def _words(event: Event, mediators: Names) -> str:
    if event.kind == "gate_seconded":
        sentence = N_("同意排除:%(gate)s") if event.data["agree"] else N_("不同意排除:%(gate)s")
    elif event.kind == "gate_answered":
        sentence = N_("问过,有:%(gate)s") if event.data["yes"] else N_("问过,没有:%(gate)s")
    else:
        sentence = SENTENCES.get(event.kind, event.kind)
    return gettext(sentence) % _Told((name, _told(name, value, mediators)) for name, value in _values(event).items())


class _Told(dict[str, str]):
    """The fields of a sentence; one that an old event does not have stays blank, so that its page can be shown."""

    def __missing__(self, name: str) -> str:
        return ""


def _values(event: Event) -> dict[str, Any]:
    if event.kind == "logged":
        return dict(event.data["officer"])
    if "code" in event.data:
        return {"gate": event.data["code"]} | event.data
    return event.data


def _told(name: str, value: Any, mediators: Names) -> str:
    if name == "mediator":
        return mediators.get(value, "") if isinstance(value, int) else ""
    text = str(value)
    return WORDS[name](text) if name in WORDS else text


def _state_or_type(code: str) -> str:
    return gettext(LABELS[State(code)]) if code in set(State) else type_label(code)


def _listed(group: str) -> Callable[[str], str]:
    def word(code: str) -> str:
        return label(group, code) if code in taxonomy.groups().get(group, {}) else code

    return word


WORDS: dict[str, Callable[[str], str]] = {
    "before": _state_or_type,
    "after": _state_or_type,
    "type": type_label,
    "gate": _listed("gates"),
    "state": _listed("gate_states"),
    "channel": _listed("ballot_channels"),
    "outcome": _listed("outcomes"),
    "performed": _listed("performance"),
    "link": _listed("case_links"),
}
