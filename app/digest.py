"""The weekly list of a station's open cases as one person reads it: own cases first, old before young. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from app import messages
from app.lifecycle import LABELS, NEXT_STEPS, State
from app.wording import language, translate
from app.workdays import age_band, age_days, show_date
from talent_pool import regions, taxonomy

OVERDUE = "overdue"
BANDS = ("30+", "16-30", "8-15", "0-7")  # days; the oldest first, since they are what the list is for


@dataclass(frozen=True)
class OpenCase:
    """What the list says of a case: nothing of its people but the officer, nothing of its story."""

    no: str
    type: str
    subtype: str
    place: int
    state: State
    opened_at: datetime
    due_at: datetime | None
    officer_id: int
    officer: str


@dataclass(frozen=True)
class Reader:
    """Whom the list is for. `area` is the station's."""

    account_id: int
    name: str
    station: str
    area: int
    locale: str
    email: str = ""


@dataclass(frozen=True)
class Line:
    """One case with its age in days and its place on the list: `overdue` or an age band."""

    case: OpenCase
    age: int
    band: str
    group: str


@dataclass(frozen=True)
class Group:
    """The lines under one heading."""

    code: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class OfficerCount:
    """How many open cases an officer has, and how many of them are overdue."""

    name: str
    total: int
    overdue: int


@dataclass(frozen=True)
class Digest:
    """The whole list. `bands` and `officers` count every case, the overdue ones too."""

    own: tuple[Group, ...]
    others: tuple[Group, ...]
    bands: dict[str, int]
    own_total: int
    overdue: int
    total: int
    officers: tuple[OfficerCount, ...]


def digest(cases: Sequence[OpenCase], account: Reader, now: datetime) -> Digest:
    """Return the list of `cases` (a station's open ones) for one account."""
    lines = [_line(case, now) for case in sorted(cases, key=lambda case: (case.opened_at, case.no))]
    own = [line for line in lines if line.case.officer_id == account.account_id]
    return Digest(
        own=_groups(own),
        others=_groups(line for line in lines if line.case.officer_id != account.account_id),
        bands={band: sum(line.band == band for line in lines) for band in BANDS},
        own_total=len(own),
        overdue=sum(line.group == OVERDUE for line in lines),
        total=len(lines),
        officers=_by_officer(lines),
    )


def _by_officer(lines: Sequence[Line]) -> tuple[OfficerCount, ...]:
    """Count by officer, those with most overdue first."""
    found: dict[tuple[int, str], list[Line]] = {}
    for line in lines:
        found.setdefault((line.case.officer_id, line.case.officer), []).append(line)
    counts = [OfficerCount(key[1], len(own), sum(line.group == OVERDUE for line in own)) for key, own in found.items()]
    return tuple(sorted(counts, key=lambda each: (-each.overdue, -each.total, each.name)))


def _line(case: OpenCase, now: datetime) -> Line:
    age = age_days(case.opened_at, now)
    late = case.due_at is not None and case.due_at < now
    return Line(case, age, age_band(age), OVERDUE if late else age_band(age))


def _groups(lines: Iterable[Line]) -> tuple[Group, ...]:
    by_group: dict[str, list[Line]] = {code: [] for code in (OVERDUE, *BANDS)}
    for line in lines:
        by_group[line.group].append(line)
    by_group[OVERDUE].sort(key=lambda line: (line.case.due_at or line.case.opened_at, line.case.no))
    return tuple(Group(code, tuple(found)) for code, found in by_group.items() if found)


def render(
    made: Digest,
    account: Reader,
    *,
    monday: datetime,
    late: bool = False,
    link: str = "",
    template: str = "weekly_digest",
) -> tuple[str, str]:
    """Return the list as subject and text in the account's language. `monday` is the moment it was due."""
    lang = language(account.locale)
    return messages.render(
        template,
        lang,
        name=account.name,
        station=account.station,
        day=show_date(monday, lang),
        late=late,
        link=link,
        total=made.total,
        own_total=made.own_total,
        overdue=made.overdue,
        bands=made.bands,
        officers=made.officers,
        own=[_shown_group(group, account, lang, link) for group in made.own],
        others=[_shown_group(group, account, lang, link) for group in made.others],
    )


def _shown_group(group: Group, account: Reader, lang: str, link: str) -> dict[str, object]:
    return {
        "code": group.code,
        "lines": [_shown(line.case, account.area, line.age, lang, link) for line in group.lines],
    }


def shown_case(case: OpenCase, area: int, now: datetime, lang: str, link: str = "") -> dict[str, object]:
    """Return one case in words for a template; `link` begins the address of its page."""
    return _shown(case, area, age_days(case.opened_at, now), lang, link)


def _shown(case: OpenCase, area: int, age: int, lang: str, link: str) -> dict[str, object]:
    return {
        "no": case.no,
        "type": _word("types", case.type, lang),
        "subtype": _word("subtypes", case.subtype, lang),
        "place": _place(case.place, area),
        "state": translate(LABELS[case.state], lang),
        "days": age,
        "due": show_date(case.due_at, lang) if case.due_at else "",
        "step": translate(NEXT_STEPS[case.state], lang),
        "officer": case.officer,
        "link": f"{link}/disputes/{quote(case.no)}" if link else "",
    }


def _word(group: str, code: str, lang: str) -> str:
    try:
        return taxonomy.label(group, code, lang) if code else ""
    except KeyError:
        return code  # a type that the lists no longer have: an old case is still to be reminded of


def _place(code: int, area: int) -> str:
    """Return town and village; the county and what lies above it go without saying at its own station."""
    try:
        return regions.full_name(code, below=area - area % 1_000_000)
    except KeyError:
        return str(code)
