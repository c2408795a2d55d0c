"""The cards that a side marks, and how its form is read: on a phone by link, or at the station's desk."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.errors import N_, InvalidInput
from app.models import Mark
from app.orders import Marks, read_marks
from app.shortlists import ListedName, OpenList
from app.web.filters import label, place
from app.web.i18n import gettext, locale
from talent_pool.models import Kind

PLAIN = N_("每位只选一个:想请、可以或不要")


@dataclass(frozen=True)
class Card:
    """What a side sees of one name."""

    id: int
    name: str
    initial: str
    kind: str
    home: str
    title: str
    good_at: str
    reason: str


@dataclass(frozen=True)
class Form:
    """A list as a side marks it: `marks` hold what has been marked so far."""

    round_no: int
    cards: list[Card]
    marks: Marks

    @classmethod
    def of(cls, found: OpenList, marks: Marks | None = None, round_no: int | None = None) -> "Form":
        """Return the form of a list, unmarked (everybody 可以) unless marks are given."""
        cards = [card_of(item) for item in found.items]
        number = found.round_no if round_no is None else round_no
        return cls(number, cards, marks or Marks(accept=tuple(found.ids())))

    @property
    def order(self) -> str:
        """Return the tap order for the hidden field."""
        return ",".join(str(each) for each in self.marks.want)

    def group(self, mark: str) -> list[Card]:
        """Return the cards with this mark, 想请 in tap order."""
        by_id = {card.id: card for card in self.cards}
        return [by_id[each] for each in getattr(self.marks, mark)]


def card_of(item: ListedName) -> Card:
    """Return the card as it was frozen with the list, in the request's language."""
    facts = item.card
    skills = [str(skill["type"]) for skill in facts.get("expertise", ())]
    first = item.reasons[0] if item.reasons else {}
    return Card(
        id=item.mediator_id,
        name=item.name,
        initial=item.name[:1],
        kind=kind_label(item.kind),
        home=place(int(facts["home"])) if facts.get("home") else "",
        title=str(facts.get("title", "")),
        good_at=good_at(skills),
        reason=str(first.get(locale(), "")),
    )


def good_at(types: list[str]) -> str:
    """Return what a mediator is good at, three kinds of quarrel at most."""
    return gettext("、").join(label("types", code) for code in dict.fromkeys(types[:3]))


def kind_label(kind: Kind) -> str:
    """Return the word for a kind of mediator."""
    return label("kinds", kind.value)


def read_form(form: Mapping[str, str], listed: list[int]) -> tuple[int, Marks]:
    """Return round and marks of a posted form; `all=strike` marks everybody 不要 in one tap.

    Raises InvalidInput for words that are no marks, Conflict for names that are not on the list.
    """
    if form.get("all") == Mark.STRIKE:
        return _number(form.get("round", "")), Marks(strike=tuple(listed))
    marks = {_number(key.removeprefix("mark-")): _mark(form[key]) for key in form if key.startswith("mark-")}
    return _number(form.get("round", "")), read_marks(listed, marks, _order(form))


def _mark(text: str) -> Mark:
    if text not in set(Mark):
        raise InvalidInput({"marks": PLAIN}, PLAIN)
    return Mark(text)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise InvalidInput({"marks": PLAIN}, PLAIN)
    return int(text)


def _order(form: Mapping[str, str]) -> list[int]:
    """Return the order of the wanted names: the places chosen on the check page, else the taps, else nothing."""
    taps = [int(each) for each in form.get("order", "")[:200].split(",") if _small(each)]
    places = {key.removeprefix("place-"): form[key] for key in form if key.startswith("place-")}
    chosen = {int(key): int(text) for key, text in places.items() if _small(key) and _small(text)}
    if not chosen:
        return taps
    # Two names on one place: the one that was tapped first stays first.
    before = {each: tap for tap, each in enumerate(taps)}
    return sorted(chosen, key=lambda each: (chosen[each], before.get(each, len(taps))))


def _small(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 12
