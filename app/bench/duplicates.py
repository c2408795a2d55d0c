"""`diandan bench duplicates`: one quarrel among many past ones, told again in other words; each query another one."""

import gc
import json
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Any

from rapidfuzz import fuzz, process

from app.bench import retelling, trigrams
from app.bench.retelling import Teller
from matching.duplicates import LEAST, Case, DuplicateIndex, find
from talent_pool import regions
from talent_pool.files import data_dir

DEFAULT = 1_000_000
QUERIES = 400
PEER_QUERIES = 20  # brute force takes seconds a query
FOUND = 5
FIRST, DAYS = date(2023, 11, 23), 3 * 365


@dataclass(frozen=True)
class Told:
    """A retelling and the id of the past case that it tells again."""

    again: Case
    first: str


def measure(size: tuple[int, ...] = (), *, peers: bool = False) -> dict[str, Any]:
    """Return, for each number of past cases, milliseconds a query, bytes a case, seconds to build, recall."""
    return {f"cases_{number}": _measure(number, peers=peers) for number in size or (DEFAULT,)}


def _measure(number: int, *, peers: bool) -> dict[str, Any]:
    past = list(invent(number))
    began = time.perf_counter()
    index = DuplicateIndex.build(past)
    built = time.perf_counter() - began
    told = list(retold(past, QUERIES))
    find(told[0].again, index)
    gc.collect()
    gc.freeze()  # the million cases outside of the index are the bench's own: the collector need not walk them
    took, busy, hits, shown = [], [], 0, 0
    for each in told:
        began, began_busy = time.perf_counter(), time.thread_time()
        found = find(each.again, index, least=0.0, limit=FOUND)
        took.append(1000 * (time.perf_counter() - began))
        busy.append(1000 * (time.thread_time() - began_busy))
        hits += any(match.id == each.first for match in found)
        shown += any(match.id == each.first and match.same >= LEAST for match in found)
    cuts, cuts_busy = statistics.quantiles(took, n=100), statistics.quantiles(busy, n=100)
    figures = {
        "queries": len(took),
        "ms_p50": round(cuts[49], 3),
        "ms_p95": round(cuts[94], 3),
        "ms_p99": round(cuts[98], 3),
        # The processor's own time: what others do on a shared machine is not in it.
        "cpu_ms_p50": round(cuts_busy[49], 3),
        "cpu_ms_p95": round(cuts_busy[94], 3),
        "recall_at_5": round(hits / len(told), 3),
        "recall_shown": round(shown / len(told), 3),
        "build_seconds": round(built, 1),
        "bytes_per_case": round(index.nbytes() / number, 1),
        "ms_per_change": round(_change(index, told), 3),
    }
    gc.unfreeze()
    return figures | (_peers(past, told[:PEER_QUERIES], cuts[49]) if peers else {})


def _change(index: DuplicateIndex, told: Sequence[Told]) -> float:
    began = time.perf_counter()
    for each in told:
        index.add(each.again)
        index.remove(each.again.id)
    return 1000 * (time.perf_counter() - began) / (2 * len(told))


# --- cases ---


def invent(number: int) -> Iterator[Case]:
    """Yield past cases: the corpus' quarrels with other people, sums and words, over the province and three years."""
    rng = Random(7)  # noqa: S311 - the same cases in every run
    teller, places = Teller(rng), regions.inside(regions.parse("61"), 12)
    texts = [text for text in _corpus() if len(text) >= 15]
    for at in range(number):
        people = [teller.name() for _ in range(rng.choice((1, 2, 2, 2, 3)))]
        yield Case(
            id=str(at),
            text=teller.vary(rng.choice(texts), rng.choice(texts), people),
            region=rng.choice(places),
            day=FIRST + timedelta(rng.randrange(DAYS)),
            people=frozenset(people),
            phones=frozenset({f"1990{rng.randrange(10**7):07d}"} if rng.random() < 0.6 else ()),
            parcel=teller.parcel() if rng.random() < 0.1 else "",
        )


def _corpus() -> list[str]:
    files = sorted((data_dir() / "corpus").glob("*.jsonl"))
    return [json.loads(line)["text"] for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def retold(past: Sequence[Case], number: int) -> Iterator[Told]:
    """Yield retellings of some of the past cases: other words, fewer clauses, slips in names, sums rounded."""
    rng = Random(11)  # noqa: S311 - the same queries in every run
    teller = Teller(rng)
    for at, first in enumerate(rng.sample(past, min(number, len(past)))):
        assert first.day is not None and first.region is not None
        again = replace(
            first,
            id=f"again-{at}",
            text=teller.retell(first.text),
            day=first.day + timedelta(rng.randrange(1, 150)),
            region=regions.parent(first.region) if rng.random() < 0.1 else first.region,
            people=frozenset(teller.spell(name) for name in sorted(first.people) if rng.random() < 0.75),
            phones=first.phones if rng.random() < 0.25 else frozenset(),
            parcel="" if rng.random() < 0.5 else first.parcel,
        )
        yield Told(again, first.id)


# --- peers ---


def _peers(past: Sequence[Case], told: Sequence[Told], own: float) -> dict[str, Any]:
    found: dict[str, Any] = {"rapidfuzz_over_all": _rapidfuzz(past, told, own)}
    found["postgresql_trigrams"] = trigrams.measure(past, told, own, FOUND)
    return found


def _rapidfuzz(past: Sequence[Case], told: Sequence[Told], own: float) -> dict[str, float]:
    texts = [case.text for case in past]
    took, hits = [], 0
    for each in told:
        began = time.perf_counter()
        best = process.extract(each.again.text, texts, scorer=fuzz.ratio, limit=FOUND)
        took.append(1000 * (time.perf_counter() - began))
        hits += each.first in {past[at].id for _, _, at in best}
    return retelling.peer_figures(took, hits, own)
