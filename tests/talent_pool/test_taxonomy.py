"""The closed lists: complete in both languages, consistent with one another and with the code's enumerations."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest

from app.models import AssignmentState, BallotChannel, GateState, Mark, SendState, Source
from app.scope import Role
from talent_pool import taxonomy
from talent_pool.files import data_dir
from talent_pool.models import Kind, RelationKind, Sex, Status
from talent_pool.profiles import Consent, Form, ProposalState
from talent_pool.regions import LEVELS
from talent_pool.taxonomy import Words, choices, gates, get_gate, get_type, groups, label, signs, subtypes, types

OFFICIAL_ORDER = [
    "marriage_family",
    "neighbor",
    "housing_homestead",
    "contract",
    "production_business",
    "damages",
    "forest_land",
    "land_requisition",
    "environment",
    "labor",
    "consumer",
    "medical",
    "traffic_accident",
    "property_management",
    "village_affairs",
    "tourism",
    "intellectual_property",
    "internet",
    "other",
]
RURAL = [
    "neighbor",
    "marriage_family",
    "forest_land",
    "housing_homestead",
    "damages",
    "contract",
    "labor",
    "land_requisition",
    "production_business",
    "village_affairs",
]
SUBTYPES = [
    "elder_support",
    "child_support",
    "inheritance",
    "bride_price",
    "divorce",
    "boundary",
    "drainage_light",
    "land_contract",
    "land_transfer",
    "forest_right",
    "irrigation",
    "livestock_damage",
    "private_loan",
    "unpaid_wages",
    "relocation",
    "noise",
    "pet",
]
GATES = [
    "crime_suspected",
    "domestic_violence",
    "public_security_mediable",
    "public_security_barred",
    "court_seized",
    "exclusive_jurisdiction",
    "party_refused",
]
ENUMERATIONS: dict[str, type[StrEnum]] = {
    "sex": Sex,
    "mediator_status": Status,
    "forms": Form,
    "consents": Consent,
    "proposal_states": ProposalState,
    "relations": RelationKind,
    "kinds": Kind,
    "roles": Role,
    "sources": Source,
    "gate_states": GateState,
    "marks": Mark,
    "ballot_channels": BallotChannel,
    "assignment_states": AssignmentState,
    "send_states": SendState,
}
GRAZING = """
[types.grazing]
zh = "草场"
en = "Grazing"
rural = true
share = 0.0
covers = { zh = "放牧", en = "Grazing" }
"""


@pytest.fixture
def edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a copy of the lists to edit; forget what was read before and after."""
    (tmp_path / "taxonomy").mkdir()
    for file in (data_dir() / "taxonomy").glob("*.toml"):
        (tmp_path / "taxonomy" / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(taxonomy, "data_dir", lambda: tmp_path)
    forget()
    yield tmp_path / "taxonomy"
    forget()


def forget() -> None:
    for read in (
        types,
        taxonomy.all_subtypes,
        gates,
        signs,
        taxonomy.colour_rule,
        groups,
        taxonomy.kinds,
        taxonomy.dialects,
        taxonomy.sources,
    ):
        read.cache_clear()
    taxonomy._table.cache_clear()


class TestTypes:
    def test_the_nineteen_types_stand_in_the_official_order(self) -> None:
        assert list(types()) == OFFICIAL_ORDER

    def test_the_ten_rural_types_are_marked(self) -> None:
        assert {code for code, each in types().items() if each.rural} == set(RURAL)

    def test_the_shares_make_a_whole(self) -> None:
        assert sum(each.share for each in types().values()) == pytest.approx(100)
        assert get_type("neighbor").share == 26 and get_type("village_affairs").share == 1.3

    def test_the_seventeen_subtypes_stand_under_known_types(self) -> None:
        assert list(subtypes()) == SUBTYPES
        assert all(set(each.parents) <= set(types()) for each in subtypes().values())

    def test_subtypes_of_a_type(self) -> None:
        assert set(subtypes("marriage_family")) == {
            "elder_support",
            "child_support",
            "inheritance",
            "bride_price",
            "divorce",
            "private_loan",
        }
        assert {code for code, each in subtypes().items() if each.parents[0] == "neighbor"} == {
            "drainage_light",
            "noise",
            "pet",
        }
        assert subtypes("medical") == {}

    def test_a_subtype_may_stand_only_where_it_belongs(self) -> None:
        taxonomy.check_type("forest_land", "boundary")
        taxonomy.check_type("other")
        with pytest.raises(ValueError, match="divorce does not stand under labor"):
            taxonomy.check_type("labor", "divorce")
        with pytest.raises(ValueError, match="unknown type: quarrel"):
            taxonomy.check_type("quarrel")

    def test_codes_can_be_asked_for(self) -> None:
        assert taxonomy.is_type("labor") and not taxonomy.is_type("divorce") and not taxonomy.is_type("")
        assert taxonomy.is_gate("party_refused") and not taxonomy.is_gate("labor")

    def test_unknown_codes_are_named(self) -> None:
        with pytest.raises(KeyError, match="quarrel"):
            get_type("quarrel")
        with pytest.raises(KeyError, match="quarrel"):
            subtypes("quarrel")


class TestGatesAndSigns:
    def test_the_seven_gates_the_gravest_first(self) -> None:
        assert list(gates()) == GATES

    def test_only_crime_and_violence_bar_the_shortlist_and_need_the_head(self) -> None:
        assert {code for code, gate in gates().items() if gate.bars_shortlist} == {
            "crime_suspected",
            "domestic_violence",
        }
        assert {code for code, gate in gates().items() if gate.needs_head} == {"crime_suspected", "domestic_violence"}

    def test_only_the_mediable_one_leaves_the_case_in_mediation(self) -> None:
        assert [code for code, gate in gates().items() if not gate.stops] == ["public_security_mediable"]

    def test_each_gate_names_its_law_and_a_next_step(self) -> None:
        for gate in gates().values():
            assert "法" in gate.article.zh or "规定" in gate.article.zh
            assert "art." in gate.article.en and gate.next_step.zh and gate.next_step.en
            assert "第" in gate.article.zh and "条" in gate.article.zh
        assert get_gate("domestic_violence").article.zh == "反家庭暴力法第15、16、28条"

    def test_public_sentences_are_short(self) -> None:
        # A clause of more than 25 signs is not read at a counter.
        pieces = [
            piece for gate in gates().values() for words in (gate.says, gate.next_step) for piece in split(words.zh)
        ]
        assert max(len(piece) for piece in pieces) <= 25

    def test_the_eight_signs(self) -> None:
        assert set(signs()) == {
            "threat",
            "weapon",
            "repeat_calls",
            "old_grudge",
            "mental_distress",
            "prior_failure",
            "crowd",
            "alcohol",
        }

    def test_the_colour_rule_has_its_numbers(self) -> None:
        rule = taxonomy.colour_rule()
        assert [(colour.code, colour.count) for colour in rule.colours] == [
            ("red", 3),
            ("orange", 2),
            ("yellow", 1),
            ("green", 0),
        ]
        assert rule.colours[0].any_of == {"threat", "weapon", "crowd"}
        assert rule.colours[0].all_of == (frozenset({"prior_failure", "old_grudge"}),)
        assert (rule.sign, rule.more) == ("old_grudge", 1)
        assert (set(rule.types), set(rule.subtypes)) == ({"housing_homestead"}, {"boundary"})


def split(text: str) -> list[str]:
    for mark in "。;,:、":
        text = text.replace(mark, "\n")
    return text.splitlines()


class TestWords:
    @pytest.mark.parametrize(("group", "enumeration"), ENUMERATIONS.items())
    def test_every_member_of_an_enumeration_has_its_word(self, group: str, enumeration: type[StrEnum]) -> None:
        assert [code for code, _ in choices(group)] == [member.value for member in enumeration]

    def test_every_list_is_there(self) -> None:
        assert {"outcomes", "performance", "end_reasons", "zones", "dialects", "levels", "colours"} <= set(groups())
        assert [code for code, _ in choices("end_reasons")] == [
            "refused",
            "unreachable",
            "no_choice",
            "withdrawn",
            "self_settled",
            "merged",
        ]
        assert [code for code, _ in choices("outcomes")] == [
            "agreed_written",
            "agreed_oral",
            "continued",
            "failed",
            "withdrawn",
        ]
        assert [code for code, _ in choices("performance")] == ["pending", "performed", "partly", "not_performed"]
        assert [int(code) for code, _ in choices("levels")] == list(LEVELS)

    def test_every_word_is_in_both_languages_and_no_other(self) -> None:
        for group, entries in groups().items():
            for code, words in entries.items():
                assert any("\u4e00" <= char <= "\u9fff" for char in words.zh), (group, code)
                assert words.en.isascii() and words.en[0].isupper(), (group, code)

    def test_no_two_entries_of_a_list_read_the_same(self) -> None:
        for group, entries in groups().items():
            for locale in ("zh", "en"):
                said = [words.in_(locale) for words in entries.values()]
                assert len(set(said)) == len(said), (group, locale)

    def test_label_answers_in_the_asked_language(self) -> None:
        assert label("kinds", "local_elder") == "乡贤"
        assert label("kinds", "local_elder", "en") == "Local elder"
        assert (
            label("types", "neighbor", "zh_Hans_CN") == "邻里" and label("types", "neighbor", "en_GB") == "Neighbours"
        )

    def test_unknown_groups_codes_and_languages_are_refused(self) -> None:
        with pytest.raises(KeyError, match="groups: no such code: fruit"):
            label("fruit", "apple")
        with pytest.raises(KeyError, match="kinds: no such code: apple"):
            label("kinds", "apple")
        with pytest.raises(ValueError, match="fr"):
            label("kinds", "industry", "fr")
        with pytest.raises(KeyError, match="fruit"):
            choices("fruit")

    def test_dialects_are_at_home_in_a_zone(self) -> None:
        homes = {code: each.extra["zone"] for code, each in taxonomy.dialects().items()}
        assert homes == {
            "guanzhong": "guanzhong",
            "shanbei": "shanbei",
            "shannan": "shannan",
            "putonghua": "",
            "sign_language": "",
        }
        covers = taxonomy.dialects()["shannan"].covers
        assert covers is not None and "江淮" in covers.zh

    def test_sources_know_the_official_group(self) -> None:
        referred = [code for code, each in taxonomy.sources().items() if each.extra["group"]["zh"] == "委托移送"]
        assert referred == ["from_police", "from_court", "from_petition", "from_hotline", "from_grid"]


class TestEditing:
    def test_a_new_type_is_a_few_lines(self, edited: Path) -> None:
        with (edited / "types.toml").open("a", encoding="utf-8") as file:
            file.write(GRAZING)
        assert get_type("grazing").label.in_("en") == "Grazing"
        assert choices("types")[-1] == ("grazing", "草场")

    @pytest.mark.parametrize(
        ("file", "old", "new", "says"),
        [
            (
                "types.toml",
                'parents = ["contract", "marriage_family"]',
                'parents = ["contrakt"]',
                "types.toml, private_loan.*contrakt",
            ),
            ("types.toml", 'en = "Marriage and family"', 'en = ""', "types.toml, marriage_family.*both languages"),
            (
                "gates.toml",
                "needs_head = true\nstops = true",
                "stops = true",
                "gates.toml, crime_suspected.*needs_head",
            ),
            ("signs.toml", '["threat", "weapon", "crowd"]', '["threat", "wepon"]', "signs.toml.*wepon"),
            ("signs.toml", 'sign = "old_grudge"', 'sign = "grudge"', "signs.toml.*grudge"),
            ("lists.toml", 'male = { zh = "男", en = "Male" }', 'male = { zh = "男" }', "lists.toml, male.*en"),
        ],
    )
    def test_a_slip_is_named_with_its_file_and_entry(
        self, edited: Path, file: str, old: str, new: str, says: str
    ) -> None:
        text = (edited / file).read_text(encoding="utf-8")
        assert old in text
        (edited / file).write_text(text.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(ValueError, match=says):
            groups()

    def test_words_want_both_languages(self) -> None:
        with pytest.raises(ValueError, match="both languages"):
            Words("界", "")
