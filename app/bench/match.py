"""`diandan bench match`: how long six names with reasons take, over pools of several sizes, each query another one."""

import json
import statistics
import time
from datetime import date
from random import Random
from typing import Any

import matching
from app.bench.http import texts
from app.demo import pool, town
from app.demo.people import Phones, Town
from talent_pool import regions
from talent_pool.index import RosterIndex, RosterRow

SIZES = (400, 40_000)
QUERIES = 300
TODAY = date(2026, 11, 23)


def measure(size: tuple[int, ...] = ()) -> dict[str, Any]:
    """Return, for each size of the pool, milliseconds per suggestion (p50, p99) and bytes a mediator."""
    return {f"pool_{number}": _pool(number) for number in size or SIZES}


def _pool(number: int) -> dict[str, Any]:
    rng = Random(7)  # noqa: S311 - the same pool in every run
    own = town.county()
    counties = [own] if number <= min(SIZES) else regions.inside(regions.ancestors(own)[-1], 6)
    plans = pool.invent(Town(rng, Phones(rng)), counties, number, TODAY)
    began = time.perf_counter()
    index = RosterIndex.build(_row(key, plan) for key, plan in enumerate(plans, start=1))
    built = time.perf_counter() - began
    took = [_suggest(query, index) for query in _queries(rng, counties)]
    cuts = statistics.quantiles(took, n=100)
    return {
        "queries": len(took),
        "ms_p50": round(cuts[49], 3),
        "ms_p99": round(cuts[98], 3),
        "build_seconds": round(built, 2),
        "bytes_per_mediator": round(index.columns.nbytes() / len(index), 1),
    }


def _suggest(query: matching.Query, index: RosterIndex) -> float:
    began = time.perf_counter()
    matching.suggest(query, index)
    return 1000 * (time.perf_counter() - began)


def _queries(rng: Random, counties: list[int]) -> list[matching.Query]:
    readings = [matching.read(json.loads(body)["text"]) for body in texts(QUERIES)]
    places = [rng.choice(regions.inside(rng.choice(counties), 12)) for _ in readings]
    return [
        matching.Query(
            region=place, today=TODAY, probabilities=found.probabilities, subtype=found.subtype, villages=(place,)
        )
        for place, found in zip(places, readings, strict=True)
    ]


def _row(key: int, plan: pool.Plan) -> RosterRow:
    base = plan.enrolment.base
    return RosterRow(
        id=key,
        name=base.name,
        kind=base.kind,
        home=base.home,
        load_cap=base.load_cap,
        skills=plan.enrolment.skills,
        areas=plan.enrolment.service_areas,
        leave=(plan.leave[:2],) if plan.leave else (),
        dialects=tuple(base.dialects.split(",")),
        sex=base.sex,
        birth_year=base.birth_year,
        title=base.title,
        intro=base.intro,
    )
