"""Ballots → the mediator all sides can live with. Pure: same input, same answer, on any machine.

The rule. Nobody whom a side struck is chosen. The rank of a name for a side is 1 + how many names of the whole list
that side strictly prefers: 想请 in tap order, then 可以 (and unmarked) together, then 不要 together; a silent side
holds all equal. Among the names left, the ranks of each are sorted worst first and the smallest such list wins
(leximin): whoever fares worst fares as well as possible. Ties go to the higher fit, then to fewer open cases, then to
the smaller SHA-256 of case number + id, a coin that nobody can toss again.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from math import isfinite
from typing import Any

from matching import commitments

MARKS = ("want", "accept", "strike")


class ChoiceError(ValueError):
    """The list or a ballot cannot be counted. `message` is a msgid (Chinese), `params` fill its `%(name)s` fields."""

    def __init__(self, message: str, **params: object) -> None:
        super().__init__(message % params)
        self.message, self.params = message, params


@dataclass(frozen=True, slots=True)
class Listed:
    """A name on the frozen list; `fit` and `open_cases` as they stood when it was made."""

    id: str
    fit: float
    open_cases: int


@dataclass(frozen=True, slots=True)
class Ballot:
    """What one side marked: `want` in tap order; whoever is on the list and not marked counts as `accept`."""

    want: tuple[str, ...] = ()
    accept: tuple[str, ...] = ()
    strike: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """Who was chosen, who comes next, and why. `provisional`: a side was silent and has yet to say yes."""

    chosen: str | None
    reserves: tuple[str, ...]
    provisional: bool
    silent: tuple[str, ...]
    ranks: dict[str, dict[str, int]]
    why: str
    why_en: str
    joins: str | None = None  # in a joint mediation: who assists the one chosen

    def as_json(self) -> dict[str, Any]:
        """Return what `diandan choose` prints."""
        return {
            "chosen": self.chosen,
            "reserves": list(self.reserves),
            "provisional": self.provisional,
            "silent": list(self.silent),
            "ranks": self.ranks,
            "why": self.why,
            "why_en": self.why_en,
        } | ({"joins": self.joins} if self.joins else {})

    def order(self) -> tuple[str, ...]:
        """Return everybody whom nobody struck, in the order in which they are asked."""
        return () if self.chosen is None else (self.chosen, *self.reserves)

    def next_after(self, gone: Collection[str]) -> str | None:
        """Return whom to ask when these were asked before, declined, must step aside or were changed."""
        return next((name for name in self.order() if name not in gone), None)

    def joining(self, lead: str, kinds: Mapping[str, str], gone: Collection[str] = ()) -> str | None:
        """Return who joins `lead` in a joint mediation: the first of another kind, by the same order."""
        others = (name for name in self.order() if name != lead and name not in gone)
        return next((name for name in others if kinds[name] != kinds[lead]), None)

    def why_for(self, side: str) -> tuple[str, str]:
        """Tell one side why, in zh and en, without a word on what another side marked or how many were left."""
        if self.chosen is None:
            return "名单上没有各方都能接受的人。", "Nobody on the list is acceptable to all sides."
        if side in self.silent:
            return (
                "各方都没有不要他；您还没有表示意见。",
                "No side ruled this person out; you have not said what you think.",
            )
        rank = self.ranks[self.chosen][side]
        return (
            f"各方都没有不要他；在您心里排第{rank}。他让最不如意的一方也尽量如意。",
            f"No side ruled this person out; for you the rank is {rank}. The least content side fares best so.",
        )


def resolve(
    shortlist: Sequence[Listed | Mapping[str, Any]],
    ballots: Mapping[str, Ballot | Mapping[str, Any] | None],
    case_no: str,
) -> Outcome:
    """Choose by the rule above; `ballots` maps each side to its marks, or to None when it was silent.

    The list may hold `Listed` or the objects of the JSON form, a ballot may be a `Ballot` or such an object. Raises
    ChoiceError (a ValueError) with one clear line: no case number, no side, an id twice, an unknown id, a wrong type.
    """
    listed = _checked_list(shortlist)
    sides = _checked_ballots(ballots, listed)
    number = _checked_number(case_no)
    tiers = {side: _tiers(ballot, listed) for side, ballot in sides.items()}
    ranks = {name: {side: _rank(tiers[side], name) for side in sides} for name in listed}
    struck = {name for ballot in sides.values() if ballot for name in ballot.strike}
    # All names are sorted, not only those left, so that the answer's bytes do not depend on the order of the list.
    keys = {name: _key(entry, ranks[name], number) for name, entry in listed.items()}
    order = sorted(listed, key=keys.__getitem__)
    left = [name for name in order if name not in struck]
    silent = tuple(side for side, ballot in sides.items() if ballot is None)
    why, why_en = _why(left, len(listed), ranks, silent, keys)
    return Outcome(
        chosen=left[0] if left else None,
        reserves=tuple(left[1:]),
        provisional=bool(silent),
        silent=silent,
        ranks={name: ranks[name] for name in [*left, *(name for name in order if name in struck)]},
        why=why,
        why_en=why_en,
    )


def resolve_log(log: Mapping[str, Any]) -> Outcome:
    """Re-run a choice from its log `{"case", "shortlist", "ballots"}`. Raises ChoiceError as `resolve`.

    Three more fields may stand in it: `commitments` (with `round`), to which every ballot is held, and `kinds`, of each
    name, when the sides want to be mediated jointly.
    """
    if not isinstance(log, Mapping):
        raise ChoiceError("应是一个含 case、shortlist、ballots 的对象")
    if missing := [field for field in ("case", "shortlist", "ballots") if field not in log]:
        raise ChoiceError("缺少 %(field)s 一项", field=missing[0])
    outcome = resolve(log["shortlist"], log["ballots"], log["case"])
    if changed := commitments.broken(log):
        raise ChoiceError("%(side)s 的选票与封存时不一样", side=changed[0])
    if "kinds" not in log or outcome.chosen is None:
        return outcome
    return replace(outcome, joins=outcome.joining(outcome.chosen, _checked_kinds(log["kinds"], outcome)))


def _checked_kinds(kinds: object, outcome: Outcome) -> dict[str, str]:
    if not isinstance(kinds, Mapping) or not all(isinstance(kinds.get(name), str) for name in outcome.ranks):
        raise ChoiceError("kinds 应写明名单上每个人的类别")
    return dict(kinds)


Key = tuple[list[int], float, int, str]


def _key(entry: Listed, ranks: Mapping[str, int], number: str) -> Key:
    coin = hashlib.sha256((number + entry.id).encode("utf-8")).hexdigest()
    return sorted(ranks.values(), reverse=True), -entry.fit, entry.open_cases, coin


def _tiers(ballot: Ballot | None, listed: Mapping[str, Listed]) -> dict[str, int]:
    """Return the height of each name for a side: smaller is dearer, equal is equally dear."""
    if ballot is None:
        return dict.fromkeys(listed, 0)
    tiers = dict.fromkeys(listed, len(ballot.want))
    tiers.update({name: height for height, name in enumerate(ballot.want)})
    tiers.update(dict.fromkeys(ballot.strike, len(ballot.want) + 1))
    return tiers


def _rank(tiers: Mapping[str, int], name: str) -> int:
    return 1 + sum(tier < tiers[name] for tier in tiers.values())


# --- what may come in --------------------------------------------------------------------------------------------


def _checked_list(shortlist: object) -> dict[str, Listed]:
    if not isinstance(shortlist, Sequence) or isinstance(shortlist, str | bytes):
        raise ChoiceError("候选名单应是一个列表")
    listed: dict[str, Listed] = {}
    for given in shortlist:
        entry = _listed(given)
        if entry.id in listed:
            raise ChoiceError("候选名单里 %(id)s 出现了两次", id=entry.id)
        listed[entry.id] = entry
    return listed


def _listed(given: object) -> Listed:
    if isinstance(given, Listed):
        values: Mapping[str, Any] = {"id": given.id, "fit": given.fit, "open_cases": given.open_cases}
    elif isinstance(given, Mapping):
        values = given
    else:
        raise ChoiceError("候选名单的每一项要有 id、fit、open_cases")
    if missing := [field for field in ("id", "fit", "open_cases") if field not in values]:
        raise ChoiceError("候选名单的一项缺少 %(field)s", field=missing[0])
    name, fit, open_cases = _id(values["id"]), values["fit"], values["open_cases"]
    if isinstance(fit, bool) or not isinstance(fit, int | float) or not isfinite(fit):
        raise ChoiceError("%(id)s 的 fit 应是数字", id=name)
    if isinstance(open_cases, bool) or not isinstance(open_cases, int) or open_cases < 0:
        raise ChoiceError("%(id)s 的 open_cases 应是不小于零的整数", id=name)
    return Listed(name, fit, open_cases)


def _id(given: object) -> str:
    # Whole numbers are taken as well (the pool's own ids); True would pass as 1.
    if isinstance(given, bool) or not isinstance(given, str | int) or given == "":
        raise ChoiceError("编号应是文字：%(id)s", id=repr(given))
    return _encodable(str(given))


def _encodable(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ChoiceError("文字里有无法编码的字符：%(text)s", text=ascii(text)) from None
    return text


def _checked_number(case_no: object) -> str:
    if not isinstance(case_no, str) or not case_no:
        raise ChoiceError("缺少案号")
    return _encodable(case_no)


def _checked_ballots(ballots: object, listed: Mapping[str, Listed]) -> dict[str, Ballot | None]:
    if not isinstance(ballots, Mapping) or not ballots:
        raise ChoiceError("至少要有一方的选票")
    if wrong := [side for side in ballots if not isinstance(side, str)]:
        raise ChoiceError("各方的名称应是文字：%(side)s", side=repr(wrong[0]))
    return {_encodable(side): _ballot(side, ballots[side], listed) for side in sorted(ballots)}


def _ballot(side: str, given: object, listed: Mapping[str, Listed]) -> Ballot | None:
    if given is None:
        return None
    if isinstance(given, Ballot):
        given = {mark: getattr(given, mark) for mark in MARKS}
    if not isinstance(given, Mapping):
        raise ChoiceError("%(side)s 的选票应分为 want、accept、strike", side=side)
    # A misspelt "strike" must not silently lose a refusal.
    if strange := [key for key in given if key not in MARKS]:
        raise ChoiceError("%(side)s 的选票里有不认识的一栏 %(mark)s", side=side, mark=strange[0])
    marks = {mark: _marked(side, mark, given.get(mark, ())) for mark in MARKS}
    seen: set[str] = set()
    for name in (name for names in marks.values() for name in names):
        if name not in listed:
            raise ChoiceError("%(side)s 的选票里有名单上没有的 %(id)s", side=side, id=name)
        if name in seen:
            raise ChoiceError("%(side)s 的选票里 %(id)s 出现了两次", side=side, id=name)
        seen.add(name)
    return Ballot(**marks)


def _marked(side: str, mark: str, given: object) -> tuple[str, ...]:
    if not isinstance(given, Iterable) or isinstance(given, str | bytes | Mapping | set | frozenset):
        raise ChoiceError("%(side)s 的 %(mark)s 应是编号的列表", side=side, mark=mark)
    return tuple(_id(name) for name in given)


# --- why, for people ---------------------------------------------------------------------------------------------


def _why(
    left: Sequence[str],
    total: int,
    ranks: Mapping[str, Mapping[str, int]],
    silent: Sequence[str],
    keys: Mapping[str, Key],
) -> tuple[str, str]:
    if not left:
        en = f"Each of the {total} names was ruled out by some side; nobody can be chosen."
        return f"名单上{total}人，每人都有一方不要，没有可以选的人。", en
    chosen, places = left[0], ranks[left[0]].items()
    zh = f"名单上{total}人，各方都没有不要的有{len(left)}人；{chosen}在"
    zh += "、".join(f"{side}方排第{rank}" for side, rank in places)
    en = f"Of {total} names {len(left)} were ruled out by no side; {chosen} ranks "
    en += ", ".join(f"{rank} for {side}" for side, rank in places)
    zh_decider, en_decider = _decider([keys[name] for name in left])
    zh, en = f"{zh}，{zh_decider}。", f"{en}; {en_decider}."
    if silent:
        zh += f"{'、'.join(silent)}方没有交选票，要其同意后才算数。"
        en += f" Provisional: {', '.join(silent)} sent no ballot and has yet to agree."
    return zh, en


def _decider(keys: Sequence[Key]) -> tuple[str, str]:
    """Say what set the first apart: the ranks, or among equals the fit, the load or the coin."""
    best = keys[0]
    level = list(takewhile(lambda key: key[0] == best[0], keys))
    tied, tie = f"同样名次的有{len(level)}人", f"{len(level)} names tie"
    if len(keys) == 1:
        return "只有这一人可选", "nobody else is left"
    if len(level) == 1:
        return "从最靠后的名次比起，他的名次最好", "compared from the worst one, these ranks are the best"
    if level[1][1] != best[1]:
        return f"{tied}，取最契合的", f"{tie}, the best fit was taken"
    if level[1][2] != best[2]:
        return f"{tied}，契合度相同，取在办案件少的", f"{tie}, with equal fit, the fewest open cases were taken"
    return f"{tied}，其余相同，按案号抽签", f"{tie} in all else, drawn by the case number"
