"""What must not be mediated, and the signs that a quarrel may escalate: rules that are data, hits with their words."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from matching.beginnings import guarded
from matching.text import Normal
from talent_pool.files import data_dir
from talent_pool.taxonomy import colour_rule, get_gate

_AROUND = 8  # an exception is looked for within so many characters around a hit
_BLANK = "○"
_GAP = re.compile(r"~([0-9]+)")
_NAME = re.compile(r"\{([a-z_]+)\}")
_QUOTES = frozenset('"“”「」『』')
_SENTENCE_ENDS = "。!?;\n"


class Hit(NamedTuple):
    """A gate or sign with the half-open span of the text as given that shows it, and the article behind a gate.

    `sure`: the words leave no doubt, and nothing in the text takes them back.
    """

    code: str
    start: int
    end: int
    article: str = ""
    sure: bool = False


@dataclass(frozen=True)
class Rule:
    """One compiled rule; see the head of data/lexicon/gates.toml."""

    code: str
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None
    needs: re.Pattern[str] | None
    forbids: re.Pattern[str] | None
    yields_to: frozenset[str]
    sure: bool


@dataclass(frozen=True)
class Rulebook:
    """Harmless idioms, words that take back what a text says, and the rules of gates and signs."""

    idioms: re.Pattern[str]
    taken_back: re.Pattern[str]
    gates: tuple[Rule, ...]
    signs: tuple[Rule, ...]


@lru_cache(maxsize=1)
def rulebook() -> Rulebook:
    """Read and compile data/lexicon/gates.toml and signs.toml."""
    gates, signs = _read("gates.toml"), _read("signs.toml")
    words = {
        name: "(?:" + "|".join(sorted(group, key=len, reverse=True)) + ")" for name, group in gates["words"].items()
    }
    exceptions = gates["exceptions"] | signs["exceptions"]
    return Rulebook(
        idioms=re.compile(guarded(_expand(idiom, words) for idiom in gates["idioms"])),
        taken_back=re.compile(guarded([_expand(gates["taken_back"], words)])),
        gates=tuple(_rule(rule, words, exceptions) for rule in gates["rule"]),
        signs=tuple(_rule(rule, words, exceptions) for rule in signs["rule"]),
    )


def _read(name: str) -> dict[str, Any]:
    with (data_dir() / "lexicon" / name).open("rb") as file:
        return tomllib.load(file)


def _expand(pattern: str, words: dict[str, str]) -> str:
    spelt = _NAME.sub(lambda hit: words[hit.group(1)], pattern)
    return _GAP.sub(lambda hit: f"[^{_SENTENCE_ENDS}]{{0,{hit.group(1)}}}?", spelt)


def _rule(rule: dict[str, Any], words: dict[str, str], exceptions: dict[str, str]) -> Rule:
    def compiled(patterns: list[str]) -> re.Pattern[str] | None:
        return re.compile(guarded(_expand(pattern, words) for pattern in patterns)) if patterns else None

    return Rule(
        code=rule["code"],
        pattern=compiled(rule["patterns"]) or re.compile("(?!)"),
        unless=compiled([exceptions[name] for name in rule.get("unless", [])]),
        needs=compiled([rule["with"]] if "with" in rule else []),
        forbids=compiled([rule["not_with"]] if "not_with" in rule else []),
        yields_to=frozenset(rule.get("yields_to", [])),
        sure=rule.get("sure", False),
    )


def find_gates(normal: Normal) -> tuple[Hit, ...]:
    """Return the gates that the text shows, at most one hit each, in the order of the text."""
    found = _find(rulebook().gates, normal)
    return tuple(hit._replace(article=get_gate(hit.code).article.zh) for hit in found)


def find_signs(normal: Normal) -> tuple[Hit, ...]:
    """Return the risk signs that the text shows, at most one hit each, in the order of the text."""
    return _find(rulebook().signs, normal)


def _find(rules: tuple[Rule, ...], normal: Normal) -> tuple[Hit, ...]:
    hits: dict[str, Hit] = {}
    text = blanked(normal.text)
    for rule in rules:
        if not rule.pattern.search(text):  # nearly always
            continue
        if rule.code not in hits and not rule.yields_to & hits.keys() and (span := _search(rule, text, normal.text)):
            sure = rule.sure and not _taken_back(normal.text, *span)
            hits[rule.code] = Hit(rule.code, *normal.span(*span), sure=sure)
    return tuple(sorted(hits.values(), key=lambda hit: (hit.start, hit.code)))


def blanked(text: str) -> str:
    """Return a normalised text with its harmless idioms (打工, 杀价, 气死人 …) blanked out, of the same length."""
    return rulebook().idioms.sub(lambda hit: _BLANK * len(hit.group()), text)


def _search(rule: Rule, text: str, full: str) -> tuple[int, int] | None:
    # Rules read the text without its idioms; exceptions read it in full (打算起诉 is an idiom and an exception).
    if (rule.needs and not rule.needs.search(text)) or (rule.forbids and rule.forbids.search(text)):
        return None
    for hit in rule.pattern.finditer(text):
        if hit.end() > hit.start() and not _excepted(rule, full, hit.start(), hit.end()):
            return hit.start(), hit.end()
    return None


def _excepted(rule: Rule, full: str, start: int, end: int) -> bool:
    # Only an exception that touches the hit counts: 「没打人，是拿刀捅的」 denies one thing and tells another.
    if rule.unless is None:
        return False
    low, high = max(0, start - 4 * _AROUND), min(len(full), end + _AROUND)
    return any(found.start() < end and found.end() > start - 2 for found in rule.unless.finditer(full[:high], low))


def _taken_back(full: str, start: int, end: int) -> bool:
    # Reported, mistaken, staged or quoted: 「以为他打老婆，原来是捶核桃」.
    return not _QUOTES.isdisjoint(full[max(0, start - 1) : end + 1]) or bool(rulebook().taken_back.search(full))


def colour(signs: Iterable[str], type_: str | None, subtype: str | None) -> str:
    """Return red, orange, yellow or green for a case (never a person), by the numbers of data/taxonomy/signs.toml."""
    rule, found = colour_rule(), frozenset(signs)
    # An old grudge over a boundary weighs one sign more: most neighbours' quarrels that became crimes began so.
    heavy = rule.sign in found and (type_ in rule.types or subtype in rule.subtypes)
    weight = len(found) + (rule.more if heavy else 0)
    holds = (
        c.code
        for c in rule.colours
        if found & c.any_of or any(together <= found for together in c.all_of) or weight >= c.count
    )
    return next(holds, rule.colours[-1].code)
