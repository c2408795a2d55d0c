"""Policies: every number has its default, the nearest file wins, a bad file is refused by name."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from app import policies
from app.errors import SettingsError
from app.policies import Policies, Policy, check_policies, policy_for
from talent_pool.files import data_dir
from talent_pool.regions import children

LUOCHUAN, FUXIAN, YANAN, YULIN, SHAANXI = 610629000000, 610628000000, 610600000000, 610800000000, 610000000000
VILLAGE = 610629102200
DEFAULT_TEXT = (data_dir() / "policies" / "default.toml").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with the shipped defaults, to lay files over."""
    (tmp_path / "default.toml").write_text(DEFAULT_TEXT, encoding="utf-8")
    return tmp_path


def put(folder: Path, code: str, text: str) -> None:
    (folder / f"{code}.toml").write_text(text, encoding="utf-8")


class TestDefaults:
    def test_the_clocks(self) -> None:
        policy = policy_for(LUOCHUAN)
        assert (policy.first_contact_red_hours, policy.first_contact_hours) == (1, 24)
        assert (policy.consent_workdays, policy.ballot_workdays, policy.designate_workdays) == (3, 2, 3)
        assert (policy.accept_workdays, policy.accept_workdays_max, policy.first_session_workdays) == (1, 3, 3)
        assert (policy.mediation_days, policy.extension_days, policy.replacements) == (30, 30, 1)
        assert (policy.public_security_workdays, policy.public_security_second_workdays) == (3, 7)
        assert (policy.public_security_sessions, policy.public_security_choose_hours) == (2, 4)
        assert (policy.confirmation_days, policy.confirmation_warn_days) == (30, (20, 27))
        assert policy.revisit_days == (7, 30, 90, 180)

    def test_the_numbers_of_choosing(self) -> None:
        policy = policy_for(LUOCHUAN)
        assert (policy.shortlist_size, policy.widen_below, policy.outsiders_min, policy.rounds) == (6, 3, 2, 2)
        assert (policy.representatives_max, policy.duplicate_days, policy.guardian_below_age) == (5, 180, 16)
        assert (policy.shortlist_size_many, policy.link_days, policy.colour_days) == (8, 30, 30)
        assert (policy.station_digest, policy.justice_office_digest, policy.county_digest) == (
            "weekly",
            "half_monthly",
            "monthly",
        )

    def test_every_county_has_a_policy(self) -> None:
        check_policies()
        counties = [county for city in children(SHAANXI) for county in children(city)]
        assert all(policy_for(county).shortlist_size >= policy_for(county).widen_below for county in counties)

    def test_every_value_is_explained_and_has_an_origin(self, folder: Path) -> None:
        policy = Policies(folder).at(LUOCHUAN)
        for name, field in Policy.model_fields.items():
            assert field.description, name
            assert policy.origin(name) == "default"

    def test_a_policy_cannot_be_changed_while_it_is_used(self) -> None:
        with pytest.raises(ValidationError, match="frozen"):
            policy_for(LUOCHUAN).ballot_workdays = 9


class TestNearestWins:
    def test_province_then_city_then_county(self, folder: Path) -> None:
        put(folder, "61", "ballot_workdays = 3\nconsent_workdays = 4\nrounds = 1")
        put(folder, "6106", "ballot_workdays = 4\nconsent_workdays = 5")
        put(folder, "610629", "ballot_workdays = 5")
        here = Policies(folder)
        assert [here.at(area).ballot_workdays for area in (VILLAGE, LUOCHUAN, FUXIAN, YANAN, YULIN, SHAANXI)] == [
            5,
            5,
            4,
            4,
            3,
            3,
        ]
        assert (here.at(VILLAGE).consent_workdays, here.at(VILLAGE).rounds, here.at(VILLAGE).mediation_days) == (
            5,
            1,
            30,
        )

    def test_a_station_changes_its_own(self, folder: Path) -> None:
        put(folder, "610629", "ballot_workdays = 5\nrounds = 1")
        put(folder, "610629102", "ballot_workdays = 6")
        here = Policies(folder)
        assert [here.at(area).ballot_workdays for area in (VILLAGE, 610629102000, LUOCHUAN)] == [6, 6, 5]
        assert [here.at(VILLAGE).origin(name) for name in ("ballot_workdays", "rounds")] == ["610629102", "610629"]

    def test_each_value_tells_where_it_comes_from(self, folder: Path) -> None:
        put(folder, "61", "rounds = 1")
        put(folder, "610629", "ballot_workdays = 5")
        policy = Policies(folder).at(VILLAGE)
        assert [policy.origin(name) for name in ("rounds", "ballot_workdays", "mediation_days")] == [
            "61",
            "610629",
            "default",
        ]
        with pytest.raises(KeyError, match="tea_breaks"):
            policy.origin("tea_breaks")

    def test_a_county_that_repeats_the_default_owns_the_value(self, folder: Path) -> None:
        put(folder, "6106", "ballot_workdays = 4")
        put(folder, "610629", "ballot_workdays = 2")
        assert Policies(folder).at(LUOCHUAN).ballot_workdays == 2
        assert Policies(folder).at(LUOCHUAN).origin("ballot_workdays") == "610629"

    def test_a_region_elsewhere_gets_the_default(self, folder: Path) -> None:
        put(folder, "61", "rounds = 1")
        assert Policies(folder).at(620102001001).rounds == 2

    def test_neighbours_do_not_touch_one_another(self, folder: Path) -> None:
        put(folder, "610628", "ballot_workdays = 9")
        assert Policies(folder).at(LUOCHUAN).ballot_workdays == 2

    def test_the_shipped_folder_is_read_once(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        (folder / "policies").mkdir()
        put(folder / "policies", "default", DEFAULT_TEXT.replace("rounds = 2", "rounds = 3"))
        monkeypatch.setattr(policies, "data_dir", lambda: folder)
        assert policy_for(LUOCHUAN).rounds == 3
        put(folder / "policies", "default", DEFAULT_TEXT)
        assert policy_for(LUOCHUAN) is policy_for(VILLAGE) and policy_for(LUOCHUAN).rounds == 3


class TestRefusals:
    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("ballot_workday = 3", "ballot_workday"),
            ("ballot_workdays = 0", "ballot_workdays.*greater"),
            ("ballot_workdays = -1", "ballot_workdays"),
            ('ballot_workdays = "2"', "ballot_workdays.*integer"),
            ("ballot_workdays = true", "ballot_workdays.*integer"),
            ("ballot_workdays = 2.5", "ballot_workdays.*integer"),
            ("mediation_days = 100000", "mediation_days.*less"),
            ("accept_workdays = 4", "accept_workdays is more than accept_workdays_max"),
            ("widen_below = 7", "widen_below is more than shortlist_size"),
            ("shortlist_size = 2", "widen_below is more than shortlist_size"),
            ("shortlist_size = 9", "shortlist_size is more than shortlist_size_many"),
            ("outsiders_min = 7", "outsiders_min is more than shortlist_size"),
            ("first_contact_red_hours = 48", "first_contact_red_hours is more than"),
            ("revisit_days = [30, 7]", "revisit_days must rise"),
            ("revisit_days = [7, 7]", "revisit_days must rise"),
            ("revisit_days = []", "revisit_days"),
            ("confirmation_warn_days = [20, 30]", "confirmation_warn_days must lie before"),
            ('station_digest = "daily"', "station_digest"),
            ("ballot_workdays = ", "Invalid value"),
            ("revisit_days = [7.5]", "revisit_days.0.*integer"),
            ("revisit_days = 7", "revisit_days.*tuple"),
        ],
    )
    def test_a_bad_value_is_refused_with_file_and_name(self, folder: Path, text: str, says: str) -> None:
        put(folder, "610629", text)
        with pytest.raises(SettingsError, match=rf"^610629\.toml: .*{says}"):
            Policies(folder)

    def test_what_a_city_made_impossible_is_the_countys_fault_only_in_the_countys_file(self, folder: Path) -> None:
        put(folder, "6106", "accept_workdays_max = 5\naccept_workdays = 4")
        put(folder, "610629", "accept_workdays_max = 3")
        with pytest.raises(SettingsError, match=r"^610629\.toml: "):
            Policies(folder)

    @pytest.mark.parametrize("code", ["6199", "62", "610699", "610629999", "6", "610629102200"])
    def test_a_file_for_no_region_is_refused(self, folder: Path, code: str) -> None:
        put(folder, code, "rounds = 1")
        with pytest.raises(SettingsError, match=rf"^{code}\.toml: "):
            Policies(folder)

    def test_other_tables_in_the_folder_are_left_alone(self, folder: Path) -> None:
        put(folder, "signals", "[weights]\nnear = 3")
        assert Policies(folder).at(LUOCHUAN).rounds == 2

    def test_a_missing_default_is_refused(self, tmp_path: Path) -> None:
        put(tmp_path, "61", "rounds = 1")
        with pytest.raises(SettingsError, match=r"^default\.toml: "):
            Policies(tmp_path)

    def test_a_default_must_name_every_value(self, folder: Path) -> None:
        put(folder, "default", DEFAULT_TEXT.replace("rounds = 2\n", ""))
        with pytest.raises(SettingsError, match=r"^default\.toml: rounds: Field required"):
            Policies(folder)

    def test_a_file_that_is_no_text_is_refused(self, folder: Path) -> None:
        (folder / "61.toml").write_bytes(b"\xff\xfe\x00")
        with pytest.raises(SettingsError, match=r"^61\.toml: "):
            Policies(folder)
