"""What is typed about a quarrel and its people, checked: the form `/disputes/new` and the JSON API both end here."""

import re
import unicodedata
from datetime import date
from typing import Annotated, Any

import phonenumbers
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from app.errors import N_
from app.models import Source
from matching.facts import number as facts_number
from talent_pool import regions, taxonomy
from talent_pool.models import Sex

LONGEST = 10_000  # code points of a narrative
MOST_SIDES, MOST_PARTIES = 8, 50  # of a case, of a side
MOST_NUMBERS = 30  # sums of a case, areas of a case
# Controls that a database refuses (NUL), that cannot be sent (lone surrogates), or that turn the text around on the
# page (bidi overrides); line breaks and tabs stay.
_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def clean(text: str) -> str:
    """Return typed text without characters that cannot be stored or would mislead the eye; nothing readable is lost."""
    return storable(text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def storable(text: str) -> str:
    """Return a text without characters that cannot be stored or would mislead the eye, as it is otherwise."""
    return _UNSAFE.sub("", text)


def plain_phone(value: str) -> str:
    """Return a phone number in the form in which it is compared; five digits are a service number and stay.

    Raises ValueError when no phone could have this number.
    """
    digits = re.sub(r"[\s\-()]", "", unicodedata.normalize("NFKC", value))
    if not digits or re.fullmatch(r"[0-9]{5}", digits):
        return digits
    try:
        number = phonenumbers.parse(digits[:40], "CN")
    except phonenumbers.NumberParseException:
        raise ValueError(N_("电话号码不对")) from None
    if not re.fullmatch(r"\+?[0-9]{5,20}", digits) or not phonenumbers.is_possible_number(number):
        raise ValueError(N_("电话号码不对"))
    # Mobiles are kept as people say them; a foreign number keeps its country.
    if number.country_code != 86:
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    national = str(number.national_number)
    return national if national.startswith("1") else f"0{national}"


def _known_region(value: int | None) -> int | None:
    if value is not None and value not in regions.tree():
        raise ValueError(N_("没有这个地方"))
    return value


def _known_type(value: str) -> str:
    if value and value not in taxonomy.types():
        raise ValueError(N_("没有这个纠纷类型"))
    return value


def _known_subtype(value: str) -> str:
    if value and value not in taxonomy.all_subtypes():
        raise ValueError(N_("没有这个纠纷子类"))
    return value


def _known_gates(value: dict[str, bool]) -> dict[str, bool]:
    if any(code not in taxonomy.gates() for code in value):
        raise ValueError(N_("没有这一项"))
    return value


def _numbers(value: Any) -> Any:
    """Turn 3500、1.2万 as typed into numbers; what came as numbers stays."""
    if not isinstance(value, str):
        return value
    parts = [part for part in re.split(r"[、;；，\s]+", clean(value)) if part]
    found = [facts_number(unicodedata.normalize("NFKC", part).lower().rstrip("元块亩钱圆")) for part in parts]
    if len(parts) > MOST_NUMBERS or any(each is None or not 0 <= each <= 10**12 for each in found):
        raise ValueError(N_("请写数字,几个用顿号隔开,如3500、1.2万"))
    return [float(each) for each in found if each is not None]


def _halfwidth(value: Any) -> Any:
    return unicodedata.normalize("NFKC", value).strip() if isinstance(value, str) else value


Cleaned = BeforeValidator(lambda value: clean(value) if isinstance(value, str) else value)
EmptyIsNone = BeforeValidator(lambda value: None if value in ("", None) else value)
Place = Annotated[int | None, EmptyIsNone, AfterValidator(_known_region)]
# What the officer says of sums and areas; None: nothing, so that what was read stands alone.
Numbers = Annotated[
    Annotated[list[Annotated[float, Field(ge=0, le=10**12, allow_inf_nan=False)]], Field(max_length=MOST_NUMBERS)]
    | None,
    BeforeValidator(_numbers),
]
Year = Annotated[int | None, EmptyIsNone, BeforeValidator(_halfwidth)]


class PartyIn(BaseModel):
    """One person on a side, as typed."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Cleaned, Field(min_length=1, max_length=40)]
    sex: Annotated[Sex, BeforeValidator(lambda value: value or Sex.UNKNOWN)] = Sex.UNKNOWN
    birth_year: Year = Field(default=None, ge=1900, le=2100)
    phone: Annotated[str, Cleaned, AfterValidator(plain_phone)] = ""
    village: Place = None
    spokesperson: bool = False
    guardian: Annotated[str, Cleaned, Field(max_length=40)] = ""

    def younger_than(self, age: int, today: date) -> bool:
        """Tell whether the person is under `age` for sure: the year of birth leaves the year of that birthday open."""
        return self.birth_year is not None and today.year - self.birth_year < age


class SideIn(BaseModel):
    """One side: at least one person, one of whom speaks."""

    model_config = ConfigDict(extra="forbid")
    parties: Annotated[list[PartyIn], Field(min_length=1, max_length=MOST_PARTIES)]


class Intake(BaseModel):
    """The form `/disputes/new`, checked. An empty type leaves the word to the machine."""

    model_config = ConfigDict(extra="forbid")
    narrative: Annotated[str, Cleaned, Field(min_length=1, max_length=LONGEST)]
    type: Annotated[str, AfterValidator(_known_type)] = ""
    subtype: Annotated[str, AfterValidator(_known_subtype)] = ""
    source: Source = Source.APPLIED
    place: Place = None
    answers: Annotated[dict[str, bool], AfterValidator(_known_gates)] = {}  # to gates of which the machine is not sure
    amounts: Numbers = None
    areas: Numbers = None
    household: Annotated[str, Cleaned, Field(max_length=80)] = ""
    parcel: Annotated[str, Cleaned, Field(max_length=80)] = ""
    sides: Annotated[list[SideIn], Field(min_length=2, max_length=MOST_SIDES)]


def problems_of(intake: Intake, today: date, guardian_below: int) -> dict[str, str]:
    """Return what only the day can tell: years of birth still to come, children without a guardian. Keys are fields."""
    problems: dict[str, str] = {}
    for number, side in enumerate(intake.sides):
        for place, party in enumerate(side.parties):
            field = f"sides-{number}-parties-{place}"
            if party.birth_year is not None and party.birth_year > today.year:
                problems[f"{field}-birth_year"] = N_("出生年份不能在今年以后")
            elif party.younger_than(guardian_below, today) and not party.guardian:
                problems[f"{field}-guardian"] = N_("未满16岁,请写监护人")
    return problems
