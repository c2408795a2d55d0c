"""The shapes of the JSON API: what is taken is checked by them, what is given is described by them."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from app.errors import N_
from app.intake import LONGEST, MOST_PARTIES, MOST_SIDES, Intake, PartyIn, SideIn
from app.lifecycle import State
from app.models import GateState, Source
from matching.query import MOST_NAMES
from talent_pool import regions
from talent_pool.models import Kind

_CODE = "^[0-9]{2}([0-9]{2}([0-9]{2}([0-9]{3}([0-9]{3})?)?)?)?$"


def _region(value: Any) -> Any:
    """Return the code behind 2, 4, 6, 9 or 12 digits."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValueError(N_('地区代码要写成文字,如 "610629"'))
    try:
        return regions.parse(value)
    except ValueError:
        raise ValueError(N_("没有这个地方")) from None


Region = Annotated[
    int | None,
    BeforeValidator(_region),
    WithJsonSchema(
        {"type": ["string", "null"], "pattern": _CODE, "description": "2, 4, 6, 9 or 12 digits; zeros follow"}
    ),
]
Given = Annotated[str | None, Field(description="a region's code of 12 digits")]


class Body(BaseModel):
    """What is sent: nothing that we do not know."""

    model_config = ConfigDict(extra="forbid")


class PersonBody(Body):
    """Somebody on a side, as far as it tells who must step aside."""

    name: Annotated[str, Field(max_length=40)] = ""
    phone: Annotated[str, Field(max_length=30)] = ""
    village: Region = None


class SuggestionBody(Body):
    """A quarrel in words. Without a region the key's owner's own area counts."""

    text: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    region: Region = None
    n: Annotated[int, Field(ge=1, le=MOST_NAMES, strict=True)] = 6
    parties: Annotated[list[PersonBody], Field(max_length=400, default_factory=list)]


class PartyBody(PartyIn):
    """One person on a side."""

    village: Region = None


class SideBody(SideIn):
    """One side."""

    parties: Annotated[list[PartyBody], Field(min_length=1, max_length=MOST_PARTIES)]  # type: ignore[assignment]


class DisputeBody(Intake):
    """A quarrel to be logged. Without a type the machine's word counts, when it is sure."""

    place: Region = None
    sides: Annotated[list[SideBody], Field(min_length=2, max_length=MOST_SIDES)]  # type: ignore[assignment]


# --- what is given ---------------------------------------------------------------------------------------------------


class Span(BaseModel):
    """Half-open offsets in code points of the text as given."""

    model_config = ConfigDict(extra="allow")
    start: int
    end: int


class Evidence(Span):
    """Words on which the type rests."""

    weight: float


class Hit(Span):
    """Words on which a gate or a sign rests."""

    code: str


class Risk(BaseModel):
    """The colour of the case and its signs."""

    colour: str
    signs: list[Hit]


class ReadingAnswer(BaseModel):
    """What is read in the text."""

    type: str | None
    subtype: str | None
    probability: float
    probabilities: dict[str, float]
    abstain: bool
    evidence: list[Evidence]
    gates: list[Hit]
    risk: Risk
    asks: list[Hit]
    facts: dict[str, list[Any]]


class Name(BaseModel):
    """A proposed mediator."""

    id: str
    name: str
    kind: Kind
    region: str
    fit: int
    open_cases: int
    reasons: list[str]
    reasons_en: list[str]


class Excluded(BaseModel):
    """How many were left out, and why."""

    recusal: int
    leave: int
    full: int


class SuggestionAnswer(BaseModel):
    """The reading and the short list; `barred` names the gate for which there is none."""

    reading: ReadingAnswer
    shortlist: list[Name]
    widened_to: Given
    excluded: Excluded
    barred: str | None


class PartyAnswer(BaseModel):
    """Somebody on a side, without a phone."""

    name: str
    village: Given
    spokesperson: bool


class SideAnswer(BaseModel):
    """One side."""

    letter: str
    applicant: bool
    parties: list[PartyAnswer]


class GateAnswer(BaseModel):
    """A reason why the case may not be mediated, and what was decided about it."""

    code: str
    state: GateState


class LinkAnswer(BaseModel):
    """Another case and what this one is to it; `_in`: the other was linked to this one."""

    no: str
    kind: Annotated[str, Field(pattern="^(same|relapse|related)(_in)?$")]


class DisputeAnswer(BaseModel):
    """A case. Moments are ISO 8601 in UTC."""

    no: str
    type: str
    subtype: str
    source: Source
    state: State
    colour: str
    place: str
    household: str
    parcel: str
    narrative: str
    opened_at: str
    due_at: str | None
    closed_at: str | None
    officer: str
    mediator: str | None
    gates: list[GateAnswer]
    sides: list[SideAnswer]
    links: list[LinkAnswer]


class Skill(BaseModel):
    """A kind of quarrel and the years spent on it."""

    type: str
    subtype: str
    years: int


class MediatorAnswer(BaseModel):
    """One line of the roll."""

    id: str
    name: str
    kind: Kind
    home: str
    title: str
    expertise: list[Skill]
    open_cases: int
    load_cap: int
    away_until: str | None


class MediatorsAnswer(BaseModel):
    """One page of the roll; `next` is the number of the page that follows."""

    mediators: list[MediatorAnswer]
    next: int | None


class OfficerAgeing(BaseModel):
    """One officer's open cases by age in days."""

    officer: str
    bands: dict[str, int]
    overdue: int
    total: int


class AgeingAnswer(BaseModel):
    """The open cases in the key's scope by age in days."""

    at: str
    bands: dict[str, int]
    overdue: int
    total: int
    officers: list[OfficerAgeing]


class Problem(BaseModel):
    """An error (RFC 9457); `errors` says what is wrong with which field."""

    type: str
    title: str
    status: int
    detail: str
    errors: dict[str, str] = {}
