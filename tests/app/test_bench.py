"""`diandan bench`: the figures come out under their names, from a server that really answered."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from app.bench import choice, choice_rules, duplicates, http, load
from app.bench.http import texts
from app.bench.load import LoadError, Target, rate
from app.cli import cli
from matching.choice import Ballot, Listed, resolve
from tests.app.children import child, command, diandan


def figures(*words: str) -> dict[str, float]:
    """What the command prints as JSON."""
    done = CliRunner().invoke(cli, ["bench", *words, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found: dict[str, float] = json.loads(done.stdout)
    return found


def test_an_unknown_topic_ends_with_2_and_one_line() -> None:
    done = diandan("bench", "weather", "--json")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "weather" in done.stderr
    assert "http" in done.stderr


def test_http_measures_the_demo_beside_hello_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "ROUNDS", 1)
    found = figures("http", "--seconds", "1")
    assert found["generator"] in ("wrk", "bundled")
    assert min(found[key] for key in ("hello_rps", "suggestion_rps", "party_page_rps")) > 0
    assert 0 < found["hello_cpu_ms"] < found["party_page_cpu_ms"]
    assert 0 < found["suggestion_of_hello"] < 1
    assert 0 < found["party_page_of_hello"] < 1
    assert 1_000 < found["party_page_bytes"] < 30_000
    assert found["rss_mib"] < 350
    assert found["ready_seconds"] > 0


def test_reading_and_matching_have_figures_too() -> None:
    assert figures("read", "--size", "20")["ms_per_text_p50"] > 0
    assert set(figures("match", "--size", "60")) == {"pool_60"}


def test_duplicates_are_measured_beside_their_peers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "QUERIES", 30)
    found: dict[str, Any] = figures("duplicates", "--size", "400", "--peers")["cases_400"]  # type: ignore[assignment]
    assert found["recall_at_5"] > 0.9
    assert found["recall_shown"] > 0.7
    assert 0 < found["ms_p50"] <= found["ms_p95"] <= found["ms_p99"]
    assert 200 < found["bytes_per_case"] < 5000
    assert found["rapidfuzz_over_all"]["queries"] == 20
    assert str(found["postgresql_trigrams"]).startswith("not measured: ")


def test_planted_retellings_use_other_words() -> None:
    past = list(duplicates.invent(200))
    assert len({case.text for case in past}) == 200
    told = list(duplicates.retold(past, 100))
    by_id = {case.id: case for case in past}
    assert sum(each.again.text in by_id[each.first].text for each in told) < 40
    assert all(each.again.day > by_id[each.first].day for each in told)  # type: ignore[operator]


def test_without_json_the_figures_are_lines() -> None:
    done = CliRunner().invoke(cli, ["bench", "match", "--size", "60"], catch_exceptions=False)
    assert done.output.startswith("pool_60:\n  queries: ")


def test_no_text_is_asked_twice() -> None:
    assert len(set(texts(500))) == 500


def test_the_bundled_generator_counts_answers_and_notices_refusals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load.shutil, "which", lambda _: None)
    hello = [command()[0], "-m", "app.bench.hello", "2"]
    with child(hello, tmp_path) as server:
        address = server.address()
        assert load.generator() == "bundled"
        assert rate(Target(f"{address}/"), 0.3, tmp_path) > 10
        with pytest.raises(LoadError, match="/missing"):
            rate(Target(f"{address}/missing"), 0.3, tmp_path)
        with pytest.raises(LoadError):
            rate(Target(f"{address}/", bodies=["a", "b"]), 0.3, tmp_path)
        server.stop()


def test_wrk_and_the_bundled_generator_notice_refusals_alike(tmp_path: Path) -> None:
    hello = [command()[0], "-m", "app.bench.hello", "2"]
    with child(hello, tmp_path) as server:
        address = server.address()
        assert rate(Target(f"{address}/"), 1, tmp_path) > 10
        with pytest.raises(LoadError):
            rate(Target(f"{address}/missing"), 1, tmp_path)
        server.stop()


# --- choosing --------------------------------------------------------------------------------------------------------


def test_choosing_is_measured_beside_its_peers_with_its_seeds() -> None:
    found: Any = figures("choice", "--size", "300", "--peers")
    cells = [value for name, value in found.items() if name.startswith("rho_")]
    assert len({cell["seed"] for cell in cells}) == len(cells) == 9
    opposed = found["rho_-0.6_acceptable_50%"]
    assert 0.74 < opposed["first_come"]["unacceptable"] < 0.88
    for cell in cells:
        ours = cell["diandan"]
        assert (ours["unacceptable"], ours["success"]) == (0, 1)
        assert ours["worse_off_rank_mutual"] <= cell["aaa"]["worse_off_rank_mutual"] + 0.02
        assert ours["nobody"] == pytest.approx(1 - cell["a_mutual_name_exists"], abs=2e-4)
    assert set(found["all_cells"]) == set(choice_rules.RULES)
    assert set(figures("choice", "--size", "50")["all_cells"]) == {"diandan"}  # type: ignore[call-overload]


def test_the_arithmetic_of_the_bench_is_the_rule_itself() -> None:
    lists = choice_rules.draw(5, 400, 6, -0.6, 0.6)
    places = choice_rules.diandan(lists)
    for number, place in enumerate(places):
        assert resolve(*contest(lists, number)).chosen == (None if place < 0 else str(place))


def contest(lists: choice_rules.Lists, number: int) -> tuple[list[Listed], dict[str, Ballot], str]:
    """One list of the simulation in the rule's own form, both sides truthful."""
    listed = [Listed(str(name), int(lists.fit[number, name]), 0) for name in range(lists.names)]
    ballots = {}
    for side, letter in enumerate("AB"):
        likes, order = lists.likes[number, side], lists.rank[number, side].argsort()
        want = tuple(str(name) for name in order if likes[name])
        ballots[letter] = Ballot(want=want, strike=tuple(str(name) for name in order if not likes[name]))
    return listed, ballots, "1"


def test_peers_choose_as_their_rules_say() -> None:
    rank = np.array([[[1, 2, 3, 4, 5, 6], [6, 5, 2, 1, 3, 4]]])
    likes = np.array([[[True, True, True, False, False, False], [False, False, True, True, True, False]]])
    turn, fit = np.array([0]), np.array([[5, 4, 3, 2, 1, 0]])
    lists = choice_rules.Lists(rank, likes, fit, turn, choice_rules.truly_marked(rank, likes))
    chosen = {name: int(rule(lists)[0]) for name, rule in choice_rules.RULES.items()}
    assert chosen == {
        "diandan": 2,  # the one name that both like
        "first_come": 0,
        "alternate_strikes": 2,  # A: 5; B: 0; A: 4; B: 1; A: 3
        "fmcs_rank_sum": 2,  # 3 + 2, equal to 4 + 1, with the higher fit
        "finra_capped_strikes": 2,
        "aaa": 2,
        "shortlist": 2,  # A offers 0, 1, 2
    }
    nothing = choice_rules.Lists(rank, np.zeros_like(likes), fit, turn, rank)
    assert (int(choice_rules.aaa(nothing)[0]), int(choice_rules.diandan(nothing)[0])) == (-2, -1)


def test_a_lie_is_found_where_there_is_one() -> None:
    # Both like both; the sum's tie goes to name 0 by fit, B ranks 1 first: B gains by striking 0, A never has to.
    rank = np.array([[[2, 1, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]]])
    likes = np.array([[[True, True, True, True, True, True]] * 2])
    fit = np.array([[5, 4, 3, 2, 1, 0]])
    lists = choice_rules.Lists(rank, likes, fit, np.array([0]), choice_rules.truly_marked(rank, likes))
    assert choice.lies("diandan", lists, 1) == {"lie_pays": 1, "lie_gain": 1}
    assert choice.lies("first_come", lists, 1)["lie_pays"] == 0


def test_a_provinces_monday_is_queued_once() -> None:
    found = figures("clock", "--size", "6")
    assert (found["stations"], found["officers"], found["cases_a_year"]) == (6, 23, 955)
    assert found["queued"] >= 46 and found["queued_again"] == 0
    assert found["processor_seconds"] > 0
