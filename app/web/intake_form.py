"""The form `/disputes/new` between browser and use case: what was typed, kept as typed, and what is wrong with it."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from pydantic import ValidationError
from werkzeug.datastructures import MultiDict

from app.errors import N_, InvalidInput
from app.intake import MOST_PARTIES, MOST_SIDES, Intake, clean
from app.web import places
from app.web.wrong_fields import in_order
from talent_pool import taxonomy

MOST_ROWS = 200  # people on one form; the law lets five speak for a crowd
_FIELD = re.compile(r"sides-([0-9]{1,3})-parties-([0-9]{1,3})-([a-z_]+)")
_KEY = re.compile(r"[A-Za-z0-9_\-]{16,80}")

# What pydantic found wrong, in words for the field (or for any field of the kind); the first that fits is said.
WORDS: dict[tuple[str, str], str] = {
    ("narrative", "too_short"): N_("请写明是什么事"),
    ("narrative", "too_long"): N_("事由最多10000个字"),
    ("name", "too_short"): N_("请写姓名"),
    ("name", "too_long"): N_("姓名最多40个字"),
    ("guardian", "too_long"): N_("监护人最多40个字"),
    ("household", "too_long"): N_("户最多80个字"),
    ("parcel", "too_long"): N_("地块最多80个字"),
    ("birth_year", "*"): N_("出生年份写四位数字,如1980"),
    ("parties", "too_long"): N_("一方最多写50人,人多可推选代表"),
    ("amounts", "*"): N_("请写数字,几个用顿号隔开,如3500、1.2万"),
    ("areas", "*"): N_("请写数字,几个用顿号隔开,如3500、1.2万"),
    ("sides", "too_long"): N_("最多8方"),
    ("*", "enum"): N_("请从列表里选一项"),
}


@dataclass
class Person:
    """One person's fields as typed; `village_code` is what was picked from the list."""

    name: str = ""
    phone: str = ""
    sex: str = ""
    birth_year: str = ""
    village: str = ""
    village_code: str = ""
    guardian: str = ""
    spokesperson: str = ""

    @property
    def blank(self) -> bool:
        """Tell whether nothing was typed: such a row is not a person."""
        typed = (getattr(self, each.name).strip() for each in fields(self) if each.name != "sex")
        return not any(typed)

    def as_input(self, village: int | None) -> dict[str, Any]:
        """Return the fields that the use case knows."""
        known = {name: getattr(self, name) for name in ("name", "phone", "sex", "birth_year", "guardian")}
        return known | {"village": village, "spokesperson": bool(self.spokesperson)}


@dataclass
class IntakeForm:
    """All that stands on the page; `matches` holds, per field, the places among which the officer has to choose."""

    key: str = ""
    narrative: str = ""
    type: str = ""
    subtype: str = ""
    source: str = "applied"
    place: str = ""
    place_code: str = ""
    answers: dict[str, bool] = field(default_factory=dict)  # to gates of which the machine is not sure
    amounts: str = ""
    areas: str = ""
    read: dict[str, str] = field(default_factory=dict)  # what the machine last put into a field
    household: str = ""
    parcel: str = ""
    twin: str = ""  # what is to be linked after logging: kind and number, "same:610629102-2026-0001"
    sides: list[list[Person]] = field(default_factory=lambda: [[Person()], [Person()]])
    matches: dict[str, tuple[int, ...]] = field(default_factory=dict)
    added: str = ""  # the first field of a row just added, where the cursor goes

    def people(self) -> list[Person]:
        """Return everybody on the form."""
        return [person for side in self.sides for person in side]


def new_key() -> str:
    """Return a hidden key that makes a form count once."""
    return secrets.token_urlsafe(18)


def fresh() -> IntakeForm:
    """Return an empty form with its own key."""
    return IntakeForm(key=new_key())


# The fields that are kept as they were typed.
_PLAIN = (
    *("narrative", "type", "subtype", "source", "place", "place_code"),
    *("household", "parcel", "twin", "amounts", "areas"),
)


def parse(given: MultiDict[str, str]) -> IntakeForm:
    """Read what was posted, whatever it is. Raises InvalidInput when more people stand on it than a form can hold."""
    form = IntakeForm(key=given.get("key", ""), sides=_sides(given))
    for name in _PLAIN:
        setattr(form, name, clean(given.get(name, "")))
    said = {code: given.get(f"ask-{code}") for code in taxonomy.gates()}
    form.answers = {code: word == "yes" for code, word in said.items() if word in ("yes", "no")}
    form.read = {name.removeprefix("read-"): clean(given[name]) for name in given if name.startswith("read-")}
    return form


def _sides(given: Mapping[str, str]) -> list[list[Person]]:
    rows: dict[tuple[int, int], Person] = {}
    known = {each.name for each in fields(Person)}
    for name in given:
        found = _FIELD.fullmatch(name)
        if found is None or found[3] not in known:
            continue
        at = int(found[1]), int(found[2])
        setattr(rows.setdefault(at, Person()), found[3], clean(given[name]))
        if len(rows) > MOST_ROWS:
            raise InvalidInput({}, N_("这张表上的人太多了,请推选代表"))
    numbers = sorted({side for side, _ in rows})
    sides = [[rows[at] for at in sorted(rows) if at[0] == number] for number in numbers]
    return sides + [[Person()] for _ in range(2 - len(sides))]


def add_person(form: IntakeForm, side: str) -> None:
    """Add an empty row to a side, as far as a side may have one more."""
    if side.isascii() and side.isdigit() and int(side) < len(form.sides) and len(form.sides[int(side)]) < MOST_PARTIES:
        form.sides[int(side)].append(Person())
        form.added = f"sides-{int(side)}-parties-{len(form.sides[int(side)]) - 1}-name"


def add_side(form: IntakeForm) -> None:
    """Add a side with one empty row, as far as a case may have one more."""
    if len(form.sides) < MOST_SIDES:
        form.sides.append([Person()])
        form.added = f"sides-{len(form.sides) - 1}-parties-0-name"


def drop_blank_rows(form: IntakeForm) -> None:
    """Forget rows in which nothing was typed; sides A and B keep one row, to be complained about."""
    sides = [[person for person in side if not person.blank] or [Person()] for side in form.sides]
    form.sides = [side for number, side in enumerate(sides) if number < 2 or not side[0].blank]


def check(form: IntakeForm, area: int) -> Intake:
    """Return the checked intake; raise InvalidInput with the problems by field, in the order of the page.

    Typed places are resolved; where several fit, `form.matches` holds them.
    """
    drop_blank_rows(form)
    problems: dict[str, str] = {}
    if not _KEY.fullmatch(form.key):
        form.key = new_key()
        problems["narrative"] = N_("这张表不完整,请核对后再交一次")
    place = _resolve(form, "place", form.place, form.place_code, area, problems, only_county=True)
    sides = [
        {
            "parties": [
                person.as_input(_village(form, number, row, person, area, problems)) for row, person in enumerate(side)
            ]
        }
        for number, side in enumerate(form.sides)
    ]
    try:
        intake = Intake.model_validate(
            {
                "narrative": form.narrative,
                "type": form.type,
                "subtype": form.subtype,
                "source": form.source or "applied",
                "amounts": _said(form, "amounts"),
                "areas": _said(form, "areas"),
                "household": form.household,
                "parcel": form.parcel,
            }
            | {"place": place, "answers": form.answers, "sides": sides}
        )
    except ValidationError as found:
        problems |= _told(found)
    if problems:
        raise InvalidInput(in_order(problems, _names(form)))
    return intake


def _said(form: IntakeForm, name: str) -> str | None:
    """Return what was typed; None where nothing was ever in the field, so that an emptied one counts as none."""
    return getattr(form, name) or ("" if form.read.get(name) else None)


def _village(form: IntakeForm, side: int, row: int, person: Person, area: int, problems: dict[str, str]) -> int | None:
    name = f"sides-{side}-parties-{row}-village"
    return _resolve(form, name, person.village, person.village_code, area, problems)


def _resolve(
    form: IntakeForm,
    name: str,
    words: str,
    picked: str,
    area: int,
    problems: dict[str, str],
    *,
    only_county: bool = False,
) -> int | None:
    found = places.resolve(words, picked, area, only_county=only_county)
    if found.problem:
        problems[name] = found.problem
        form.matches[name] = found.matches
    return found.code


def _told(found: ValidationError) -> dict[str, str]:
    """Return one plain sentence per field that pydantic refused; field names as on the page."""
    return {"-".join(str(part) for part in problem["loc"]): _words(problem) for problem in reversed(found.errors())}


def _words(problem: Any) -> str:
    if problem["type"] == "value_error":
        return str(problem["ctx"]["error"])
    last = str(problem["loc"][-1]) if problem["loc"] else ""
    kind = problem["type"].removeprefix("string_")
    for key in ((last, kind), (last, "*"), ("*", kind)):
        if key in WORDS:
            return WORDS[key]
    return N_("这一项填得不对")


def on_the_page(form: IntakeForm, problems: Mapping[str, str]) -> dict[str, str]:
    """Return the problems under fields that can be seen; a key that has served gets a successor, told at the top."""
    if "key" not in problems:
        return dict(problems)
    form.key = new_key()
    return {"narrative": problems["key"]} | {name: words for name, words in problems.items() if name != "key"}


def _names(form: IntakeForm) -> list[str]:
    """Return the fields' names in the order of the page."""
    order = ["narrative", "place", "household", "parcel", "type", "subtype", "source", "amounts", "areas", "sides"]
    for number, side in enumerate(form.sides):
        order.append(f"sides-{number}-parties")
        order += [f"sides-{number}-parties-{row}-{each.name}" for row in range(len(side)) for each in fields(Person)]
    return order


def choose_type(form: IntakeForm, code: str) -> None:
    """Take one of the proposed types as the officer's word."""
    if code in taxonomy.types():
        form.type = code
