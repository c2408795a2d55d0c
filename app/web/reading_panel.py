"""What the service reads in words that are not a case yet: the panel beside the form, with and without JavaScript."""

from dataclasses import dataclass

from sqlmodel import Session

import matching
from app import suggesting, twins
from app.disputes import settled_type
from app.intake import LONGEST, clean, plain_phone
from app.twins import Namesake
from app.web import places, prefill, sessions
from app.web.intake_form import IntakeForm
from app.web.marked_text import Piece, pieces, spans_of, words_of
from app.workdays import shanghai
from talent_pool import taxonomy
from talent_pool.roster import Person

BEST = 3


@dataclass(frozen=True)
class Panel:
    """Everything that the panel says; `type` is empty when neither machine nor officer is sure."""

    reading: matching.Reading
    type: str
    subtype: str
    by_officer: bool
    best: list[tuple[str, float]]
    pieces: list[Piece]
    words: list[str]
    twins: list[twins.Twin]
    namesakes: list[Namesake]
    twin: str  # what was chosen to be linked after logging
    suggestion: matching.Suggestion | None
    answers: dict[str, bool]
    proposals: dict[str, prefill.Proposal]

    @property
    def asks(self) -> list[tuple[taxonomy.Gate, str, bool | None]]:
        """Return each gate of which the machine is not sure, its words, and the officer's answer if there is one."""
        text = "".join(piece.text for piece in self.pieces)
        found = [hit for hit in self.reading.asks if hit.code in taxonomy.gates()]
        return [(taxonomy.get_gate(h.code), text[h.start : h.end], self.answers.get(h.code)) for h in found]

    @property
    def waits(self) -> bool:
        """Tell whether no names are shown before a question is answered with no."""
        return any(gate.bars_shortlist and answer is not False for gate, _, answer in self.asks)

    @property
    def gates(self) -> list[tuple[taxonomy.Gate, str]]:
        """Return each gate with the words under which it was found."""
        text = "".join(piece.text for piece in self.pieces)
        return [(taxonomy.get_gate(hit.code), text[hit.start : hit.end]) for hit in self.reading.gates]

    @property
    def facts(self) -> list[prefill.Line]:
        """Return the facts, kind by kind."""
        return prefill.lines("".join(piece.text for piece in self.pieces), self.reading.facts)

    @property
    def signs(self) -> list[str]:
        """Return the codes of the risk signs."""
        return list(dict.fromkeys(hit.code for hit in self.reading.risk.signs))

    @property
    def doubtful_signs(self) -> list[str]:
        """Return the codes of the risk signs that may be there: they colour nothing, somebody should ask."""
        return [hit.code for hit in self.reading.asks if hit.code in taxonomy.signs()]


def look(form: IntakeForm) -> Panel | None:
    """Read what stands on the form; None while there are no words. Nothing is written, though the method is POST."""
    text = clean(form.narrative)[:LONGEST]
    viewer = sessions.viewer()
    if not text or viewer is None:
        return None
    place = places.resolve(form.place, form.place_code, viewer.area, only_county=True).code or viewer.area
    reading = sessions.house().reader.read(text, str(place), today=shanghai(sessions.now()).date())
    chosen = form.type if form.type in taxonomy.types() else ""
    subtype = form.subtype if form.subtype in taxonomy.all_subtypes() else ""
    type_code, settled = settled_type(chosen, subtype, reading)
    spans = spans_of(reading.as_json())
    with sessions.house().database.read(viewer.scope) as session:
        books = _on_the_books(session, form, text, place, viewer.area)
        return Panel(
            reading=reading,
            type=type_code,
            subtype=settled,
            by_officer=bool(chosen or subtype),
            best=[(code, reading.probabilities[code]) for code in _best(reading)],
            pieces=pieces(text, spans),
            words=words_of(text, spans, "type"),
            twins=books.twins,
            namesakes=books.namesakes,
            twin=form.twin,
            suggestion=_names(session, form, reading, type_code, settled, place),
            answers=form.answers,
            proposals=prefill.proposals(text, reading.facts, viewer.area),
        )


def _on_the_books(session: Session, form: IntakeForm, text: str, place: int, area: int) -> twins.Found:
    return twins.look(
        session,
        text=text,
        place=place,
        people=_people(form, area),
        now=sessions.now(),
        household=form.household,
        parcel=form.parcel,
    )


def _best(reading: matching.Reading) -> list[str]:
    return sorted(reading.probabilities, key=lambda code: -reading.probabilities[code])[:BEST]


def _names(
    session: Session, form: IntakeForm, reading: matching.Reading, type_code: str, subtype: str, place: int
) -> matching.Suggestion | None:
    viewer = sessions.viewer()
    assert viewer is not None
    return suggesting.for_text(
        session,
        reading,
        sessions.house().index(session),
        sessions.now(),
        region=place,
        people=_people(form, viewer.area),
        chosen=type_code,
        subtype=subtype,
        n=suggesting.size_for(viewer.area, len(form.sides)),
    )


def _people(form: IntakeForm, area: int) -> list[Person]:
    return [
        Person(clean(each.name)[:40], _phone(each.phone), places.resolve(each.village, each.village_code, area).code)
        for each in form.people()
        if each.name or each.phone
    ]


def _phone(text: str) -> str:
    # Half-typed numbers are no error yet: the panel just does not know the phone.
    try:
        return plain_phone(clean(text))
    except ValueError:
        return ""
