"""What the machine reads in the words goes into empty fields of the form; whatever an officer typed or emptied stays.

Beside each such field the page keeps what was last put there (`read-…`): a field that still holds it may follow the
words, any other is the officer's.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.errors import N_
from app.web import places
from app.web.intake_form import IntakeForm, Person
from talent_pool import regions

FIELDS = (
    "place",
    "parcel",
    "amounts",
    "areas",
    "sides-0-parties-0-name",
    "sides-0-parties-0-phone",
    "sides-1-parties-0-name",
    "sides-1-parties-0-phone",
)
# What the page says of each kind, in its order; identity numbers stay in the text alone.
LABELS = {
    "amounts": N_("金额(元)"),
    "areas": N_("面积(亩)"),
    "people": N_("人"),
    "places": N_("地点"),
    "dates": N_("日期"),
    "phones": N_("电话"),
    "things": N_("牲畜和作物"),
    "parcels": N_("地块"),
}
_OFFICE = re.compile(
    "(?:支书|书记|主任|会计|文书|村长|镇长|乡长|所长|站长|局长|院长|园长|校长|警官|法官|民警|律师|医生|大夫|委员|干事)$"
)
_OFFICE_BEFORE = re.compile(
    "(?:调解员|民警|辅警|法官|律师|证人|媒人|介绍人|支书|主任|村长|会计|所长|大夫|医生|网格员)、?$"
)
_APPLICANT = re.compile(
    "(?:报警人|申请人|投诉人|反映人|来电人|举报人|求助人|原告|我叫|额叫|俄叫|我是|本人)(?:叫|是|[::]|\\s)?$"
)
_UNITS = {"amounts": "yuan", "areas": "mu"}
_SHORTEST_PHONE = 7  # 12345 belongs to nobody


@dataclass(frozen=True)
class Proposal:
    """A value for a field; `code` for places."""

    value: str
    code: str = ""


def proposals(text: str, facts: Mapping[str, list[Any]], area: int) -> dict[str, Proposal]:
    """Return what the facts say about the form's fields, for a station of `area`."""
    found: dict[str, Proposal] = {}
    place = _place(facts, area)
    if place is not None:
        found["place"] = Proposal(places.show(place, area), f"{place:012d}")
    found |= {kind: Proposal(words) for kind in _UNITS if (words := _values(facts, kind))}
    pieces = dict.fromkeys(text[fact["start"] : fact["end"]] for fact in facts["parcels"])
    if len(pieces) == 1:  # of two pieces of land nobody can say which one the quarrel is about
        found["parcel"] = Proposal(*pieces)
    parties = _parties(text, facts["people"])
    for side, fact in enumerate(parties):
        found[f"sides-{side}-parties-0-name"] = Proposal(fact["text"])
    found |= _phones(facts["phones"], parties)
    return found


def _values(facts: Mapping[str, list[Any]], kind: str) -> str:
    values = (fact[_UNITS[kind]] for fact in facts.get(kind, ()))
    return "、".join(dict.fromkeys(plain(value) for value in values if value is not None))


def plain(value: float) -> str:
    """Return a number without an exponent and without zeros behind the point."""
    return format(Decimal(str(value)).normalize(), "f")


def _place(facts: Mapping[str, list[Any]], area: int) -> int | None:
    county = places.county_of(area)
    inside = [int(fact["region"]) for fact in facts["places"] if regions.contains(county, int(fact["region"]))]
    for size in (12, 9):
        exact = [code for code in inside if regions.level(code) == size]
        if exact:
            return exact[0]
    return None


def _parties(text: str, people: list[Any]) -> list[Any]:
    """Return who is probably on side A and on side B: the first two people who hold no office, the teller first."""
    different: list[Any] = []
    for fact in people:
        name, before = fact["text"], text[max(0, fact["start"] - 5) : fact["start"]]
        if _OFFICE.search(name) or _OFFICE_BEFORE.search(before):
            continue
        if not any(name in other["text"] or other["text"] in name for other in different):
            different.append(fact)
    teller = [fact for fact in different if _APPLICANT.search(text[max(0, fact["start"] - 5) : fact["start"]])]
    return [*teller[:1], *(fact for fact in different if fact not in teller[:1])][:2]


def _phones(phones: list[Any], parties: list[Any]) -> dict[str, Proposal]:
    found: dict[str, Proposal] = {}
    for phone in phones:
        if len(phone["text"]) < _SHORTEST_PHONE:
            continue
        before = [fact for fact in parties if fact["end"] <= phone["start"]]
        owner = parties.index(max(before, key=lambda fact: int(fact["end"]))) if before else 0
        found.setdefault(f"sides-{owner}-parties-0-phone", Proposal(phone["text"]))
    return found


def fill(form: IntakeForm, found: Mapping[str, Proposal]) -> None:
    """Put what was read into the fields that nobody has touched."""
    for field in FIELDS:
        now, before = _get(form, field), form.read.get(field, "")
        if now != before:
            continue  # the officer's own words; an emptied field is one as well
        proposal = found.get(field, Proposal(""))
        form.read[field] = proposal.value
        _set(form, field, proposal)


def _get(form: IntakeForm, field: str) -> str:
    holder, name = _holder(form, field)
    return str(getattr(holder, name)) if holder is not None else ""


def _set(form: IntakeForm, field: str, proposal: Proposal) -> None:
    holder, name = _holder(form, field)
    if holder is None:
        return
    setattr(holder, name, proposal.value)
    if name == "place":
        setattr(holder, "place_code", proposal.code)  # noqa: B010 - of a form or of nobody


def _holder(form: IntakeForm, field: str) -> tuple[IntakeForm | Person | None, str]:
    if not field.startswith("sides-"):
        return form, field
    _, side, _, row, name = field.split("-")
    people = form.sides[int(side)] if int(side) < len(form.sides) else []
    return (people[int(row)] if int(row) < len(people) else None), name


@dataclass(frozen=True)
class Line:
    """One kind of facts on a page: its label, each stretch with its value, and what the officer entered instead."""

    label: str
    read: tuple[tuple[str, str], ...]
    entered: str = ""


def lines(text: str, facts: Mapping[str, list[Any]], entered: Mapping[str, Any] | None = None) -> list[Line]:
    """Return the facts as a page lists them; kinds of which nothing is known are left out."""
    own = {kind: "、".join(plain(value) for value in values) or "0" for kind, values in (entered or {}).items()}
    # What the officer left as it was read is no correction.
    own = {kind: words for kind, words in own.items() if words != _values(facts, kind)}
    found = []
    for kind, label in LABELS.items():
        read = dict.fromkeys((text[fact["start"] : fact["end"]], _value(kind, fact)) for fact in facts.get(kind, ()))
        if read or kind in own:
            found.append(Line(label, tuple(read), own.get(kind, "")))
    return found


def _value(kind: str, fact: Mapping[str, Any]) -> str:
    if kind == "amounts":
        return "" if fact["yuan"] is None else f"= {plain(fact['yuan'])}"
    if kind == "areas":
        return f"= {plain(fact['mu'])}"
    if kind == "places":
        return regions.full_name(int(fact["region"]))
    return str(fact["date"]) if kind == "dates" else ""
