"""The closed lists of the field (types of disputes, gates, risk signs, kinds …) and their words in Chinese and English.

Read from data/taxonomy/*.toml, so that a province changes words without changing code; a new type is a few lines there.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

from talent_pool.files import data_dir
from talent_pool.regions import zones

Entry = TypeVar("Entry")


@dataclass(frozen=True)
class Words:
    """The same words in Chinese and in English."""

    zh: str
    en: str

    def __post_init__(self) -> None:
        if not (self.zh and self.en):
            raise ValueError("both languages are needed")

    def in_(self, locale: str) -> str:
        """Return the words for a locale like zh, zh_CN or en; raise ValueError for other languages."""
        language = locale.replace("-", "_").split("_")[0]
        if language not in ("zh", "en"):
            raise ValueError(f"no words for the locale {locale!r}")
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True)
class DisputeType:
    """A type of dispute; `share`: per cent of a rural station's cases; `rural`: of those that must be read right."""

    code: str
    label: Words
    covers: Words
    rural: bool
    share: float


@dataclass(frozen=True)
class Subtype:
    """A sub-type and the types under which it may stand, the usual one first."""

    code: str
    label: Words
    parents: tuple[str, ...]


@dataclass(frozen=True)
class Gate:
    """A reason why a case may not be mediated. `next_step` is for the officer; `says` paraphrases `article`."""

    code: str
    label: Words
    article: Words
    says: Words
    next_step: Words
    bars_shortlist: bool
    needs_head: bool
    stops: bool


@dataclass(frozen=True)
class Colour:
    """A risk colour holds when one of `any_of`, all of one of `all_of`, or at least `count` signs are there."""

    code: str
    label: Words
    count: int
    any_of: frozenset[str] = frozenset()
    all_of: tuple[frozenset[str], ...] = ()


@dataclass(frozen=True)
class ColourRule:
    """The numbers of the risk colour: `colours` from the gravest down; a boundary with `sign` counts `more` more."""

    colours: tuple[Colour, ...]
    sign: str
    types: frozenset[str]
    subtypes: frozenset[str]
    more: int


@dataclass(frozen=True)
class Item:
    """An entry of a plain list; `covers` explains it where the list says more than a word, `extra` holds the rest."""

    code: str
    label: Words
    covers: Words | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@lru_cache(maxsize=1)
def types() -> Mapping[str, DisputeType]:
    """Return the types by code, in the order of the official statistics."""
    return _each("types.toml", _type, "types")


def get_type(code: str) -> DisputeType:
    """Return one type; raise KeyError with the code if there is none."""
    return _get("types", types(), code)


def is_type(code: str) -> bool:
    """Tell whether there is such a type."""
    return code in types()


@lru_cache(maxsize=1)
def all_subtypes() -> Mapping[str, Subtype]:
    """Return the sub-types by code; raise ValueError if one names an unknown parent."""
    return _each("types.toml", _subtype, "subtypes")


def subtypes(type_code: str | None = None) -> Mapping[str, Subtype]:
    """Return the sub-types that may stand under a type (all without one); raise KeyError for an unknown type."""
    if type_code is None:
        return all_subtypes()
    get_type(type_code)
    return {code: subtype for code, subtype in all_subtypes().items() if type_code in subtype.parents}


def check_type(type_code: str, subtype_code: str = "") -> None:
    """Raise ValueError unless the type exists and the sub-type, if any, may stand under it."""
    if not is_type(type_code):
        raise ValueError(f"unknown type: {type_code}")
    if subtype_code and subtype_code not in subtypes(type_code):
        raise ValueError(f"{subtype_code} does not stand under {type_code}")


@lru_cache(maxsize=1)
def gates() -> Mapping[str, Gate]:
    """Return the gates by code, the gravest first."""
    return _each("gates.toml", _gate)


def get_gate(code: str) -> Gate:
    """Return one gate; raise KeyError with the code if there is none."""
    return _get("gates", gates(), code)


def is_gate(code: str) -> bool:
    """Tell whether there is such a gate."""
    return code in gates()


@lru_cache(maxsize=1)
def signs() -> Mapping[str, Item]:
    """Return the risk signs by code."""
    return _each("signs.toml", _item, "signs")


@lru_cache(maxsize=1)
def colour_rule() -> ColourRule:
    """Return the numbers by which signs become a colour; raise ValueError if they name unknown signs or types."""
    boundary = _table("signs.toml")["boundary"]
    rule = ColourRule(
        colours=tuple(_each("signs.toml", _colour, "colours").values()),
        sign=boundary["sign"],
        types=frozenset(boundary["types"]),
        subtypes=frozenset(boundary["subtypes"]),
        more=boundary["more"],
    )
    named = {rule.sign}.union(*(colour.any_of.union(*colour.all_of) for colour in rule.colours))
    _check_known("signs.toml", (named, signs()), (rule.types, types()), (rule.subtypes, all_subtypes()))
    return rule


@lru_cache(maxsize=1)
def kinds() -> Mapping[str, Item]:
    """Return the kinds of mediators by code."""
    return _each("kinds.toml", _item)


@lru_cache(maxsize=1)
def dialects() -> Mapping[str, Item]:
    """Return the dialects by code; `extra["zone"]` is where one is at home, empty for the standard language."""
    return _each("dialects.toml", _item)


@lru_cache(maxsize=1)
def sources() -> Mapping[str, Item]:
    """Return the ways by which a quarrel arrives; `extra["group"]` holds the official form's word."""
    return _each("sources.toml", _item)


@lru_cache(maxsize=1)
def groups() -> Mapping[str, Mapping[str, Words]]:
    """Return every list's words: group → code → words, in the order of the files."""
    found: dict[str, Mapping[str, Any]] = {
        "types": types(),
        "subtypes": all_subtypes(),
        "gates": gates(),
        "signs": signs(),
        "colours": {colour.code: colour for colour in colour_rule().colours},
        "kinds": kinds(),
        "dialects": dialects(),
        "sources": sources(),
    }
    for name in ("outcomes.toml", "lists.toml", "pool.toml"):
        found |= {group: _each(name, _item, group) for group in _table(name)}
    words = {group: {code: entry.label for code, entry in entries.items()} for group, entries in found.items()}
    return words | {"zones": {code: Words(zone.zh, zone.en) for code, zone in zones().items()}}


def label(group: str, code: str, locale: str = "zh") -> str:
    """Return the word for a code of a list, as in label("kinds", "local_elder", "en"); raise KeyError without one."""
    return _get(group, _get("groups", groups(), group), code).in_(locale)


@lru_cache(maxsize=256)
def item(group: str, code: str) -> Item:
    """Return an entry of a plain list of pool.toml; raise ValueError when the list has no such code."""
    fields = _table("pool.toml").get(group, {}).get(code)
    if fields is None:
        raise ValueError(f"{group} has no {code}")
    return _item(code, fields)


def choices(group: str, locale: str = "zh") -> list[tuple[str, str]]:
    """Return (code, word) of a whole list, as a form's field wants them."""
    return [(code, words.in_(locale)) for code, words in _get("groups", groups(), group).items()]


def _get(what: str, entries: Mapping[str, Entry], code: str) -> Entry:
    if code not in entries:
        raise KeyError(f"{what}: no such code: {code}")
    return entries[code]


@lru_cache(maxsize=8)
def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((data_dir() / "taxonomy" / name).read_text(encoding="utf-8"))


def _each(name: str, make: Callable[[str, dict[str, Any]], Entry], table: str = "") -> dict[str, Entry]:
    built = {}
    for code, fields in (_table(name)[table] if table else _table(name)).items():
        try:
            built[code] = make(code, fields)
        except (KeyError, TypeError, ValueError) as problem:
            # Whoever edits these files reads this line, not the traceback.
            raise ValueError(f"{name}, {code}: {problem}") from problem
    return built


def _check_known(where: str, *pairs: tuple[Iterable[str], Mapping[str, object]]) -> None:
    unknown = sorted(code for named, known in pairs for code in set(named) - set(known))
    if unknown:
        raise ValueError(f"{where}: unknown codes: {', '.join(unknown)}")


def _label(fields: dict[str, Any]) -> Words:
    return Words(fields["zh"], fields["en"])


def _type(code: str, fields: dict[str, Any]) -> DisputeType:
    return DisputeType(code, _label(fields), Words(**fields["covers"]), fields["rural"], fields["share"])


def _subtype(code: str, fields: dict[str, Any]) -> Subtype:
    _check_known("parents", (fields["parents"], types()))
    return Subtype(code, _label(fields), tuple(fields["parents"]))


def _gate(code: str, fields: dict[str, Any]) -> Gate:
    article, says, next_step = (Words(**fields[key]) for key in ("article", "says", "next"))
    flags = (fields[key] for key in ("bars_shortlist", "needs_head", "stops"))
    return Gate(code, _label(fields), article, says, next_step, *flags)


def _colour(code: str, fields: dict[str, Any]) -> Colour:
    pairs = tuple(frozenset(signs) for signs in fields.get("all_of", []))
    return Colour(code, _label(fields), fields["count"], frozenset(fields.get("any_of", [])), pairs)


def _item(code: str, fields: dict[str, Any]) -> Item:
    covers = Words(**fields["covers"]) if "covers" in fields else None
    return Item(code, _label(fields), covers, {key: fields[key] for key in fields if key not in ("zh", "en", "covers")})
