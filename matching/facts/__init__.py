"""Hard facts in a text, each with its span: sums, people, places, days, phones, identity numbers, land, things."""

from datetime import UTC, date, datetime, timedelta

from matching.facts.amounts import amounts
from matching.facts.areas import areas
from matching.facts.dates import dates
from matching.facts.identity import Fact, ids, phones, valid_id
from matching.facts.numbers import number
from matching.facts.people import as_facts as people_facts
from matching.facts.people import people
from matching.facts.places import as_facts as place_facts
from matching.facts.places import misspelt, places
from matching.facts.things import parcels, things
from matching.text import Normal
from talent_pool import regions

__all__ = ["KINDS", "Fact", "find", "number", "valid_id"]

KINDS = ("amounts", "people", "places", "dates", "phones", "ids", "areas", "things", "parcels")
_SHANGHAI = timedelta(hours=8)


def find(normal: Normal, text: str, region: str | None = None, today: date | None = None) -> dict[str, list[Fact]]:
    """Return the facts of a text by kind, spans in `text`, the text as given.

    `region` (2 to 12 digits) helps where several places bear a name; days without a year are those before `today`.
    """
    today = today or (datetime.now(UTC) + _SHANGHAI).date()
    where = _region(region)
    inside = _Back(normal)
    found: dict[str, list[Fact]] = {"phones": list(phones(normal)), "ids": list(ids(normal))}
    numbers = inside(found["phones"] + found["ids"])
    hits, unsettled = places(normal.text, where)
    hits += misspelt(normal.text, hits, where)
    named = [(hit.start, hit.end) for hit in (*hits, *unsettled)]
    found["dates"] = list(dates(normal, today, [*numbers, *named]))
    days = inside(found["dates"])
    found["areas"] = list(areas(normal))
    found["amounts"] = list(amounts(normal, [*numbers, *days, *named, *inside(found["areas"])]))
    names = people(normal.text, [*named, *days, *inside(found["amounts"])])
    found["people"] = list(people_facts(normal, names, text))
    found["places"] = sorted(place_facts(normal, hits), key=lambda fact: int(fact["start"]))
    found["things"] = list(things(normal, [*named, *names]))
    found["parcels"] = list(parcels(normal, [*named, *names]))
    return {kind: found[kind] for kind in KINDS}


def _region(given: str | None) -> int | None:
    try:
        return regions.parse(given) if given else None
    except ValueError:
        return None


class _Back:
    """Turns spans of the text as given into spans of the normalised one."""

    def __init__(self, normal: Normal) -> None:
        self._first: dict[int, int] = {}
        self._last: dict[int, int] = {}
        self._same = normal.origin == list(range(len(normal.origin)))  # as with nearly all texts
        if self._same:
            return
        for at, origin in enumerate(normal.origin):
            self._first.setdefault(origin, at)
            self._last[origin] = at

    def __call__(self, facts: list[Fact]) -> list[tuple[int, int]]:
        if self._same:
            return [(fact["start"], fact["end"]) for fact in facts]
        return [(self._first[fact["start"]], self._last[fact["end"] - 1] + 1) for fact in facts]
