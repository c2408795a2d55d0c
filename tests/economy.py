"""What keeps the tests quick without changing what they see: templates and addresses compiled once, cheap password hashes,
fewer rounds than at night, and coverage measured where it can still learn something.
"""

from collections.abc import Callable, Generator, Iterator
from typing import Any, ClassVar

import pytest
from argon2 import PasswordHasher
from coverage import Coverage
from flask import Flask
from jinja2 import Environment
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Rule

from app import accounts

Builder = Callable[..., Any]

# --- templates ---


class Compiled(BytecodeCache):
    """Keeps the code of every template by its source: each test builds an application of its own, on the same pages."""

    kept: ClassVar[dict[tuple[str, str], Any]] = {}

    def get_bucket(self, environment: Environment, name: str, filename: str | None, source: str) -> Bucket:
        """Keep each language apart: a page's code holds its words."""
        language = getattr(environment, "language", "")
        return super().get_bucket(environment, name, filename, f"{language} {source}")

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give the code of this very source, if it was compiled before."""
        bucket.code = self.kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code."""
        self.kept[bucket.key, bucket.checksum] = bucket.code


@pytest.fixture(scope="session", autouse=True)
def templates_compiled_once() -> Iterator[None]:
    """Let every application of this process share the compiled templates."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(Flask.jinja_options, "bytecode_cache", Compiled())
        yield


# --- addresses ---


def addresses_compiled_once(compile_builder: Builder) -> Builder:
    """Return a `Rule._compile_builder` that compiles each address once: what it returns knows nothing of its rule."""
    made: dict[tuple[object, ...], Any] = {}

    def compiled(rule: Rule, append_unknown: bool = True) -> Any:
        if rule.defaults:
            return compile_builder(rule, append_unknown)
        key = (rule.rule, *rule._trace, append_unknown)
        if key not in made:
            made[key] = compile_builder(rule, append_unknown)
        return made[key]

    return compiled


@pytest.fixture(scope="session", autouse=True)
def quick_addresses() -> Iterator[None]:
    """Make a new application in 2 ms rather than 20, of which werkzeug spends 18 on the code of each address."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", addresses_compiled_once(Rule._compile_builder))
        yield


# --- passwords ---

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
DUMMY = QUICK.hash("nobody's password")
PROMISED, STAND_IN = accounts._hasher, accounts._dummy_hash


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hash with the least that argon2 takes: how hard it is to guess a password is for `promised_passwords` to ask."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "_hasher", lambda: QUICK)
        patch.setattr(accounts, "_dummy_hash", lambda: DUMMY)
        yield


@pytest.fixture
def promised_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash as the service does."""
    monkeypatch.setattr(accounts, "_hasher", PROMISED)
    monkeypatch.setattr(accounts, "_dummy_hash", STAND_IN)


# --- rounds ---


def rounds(by_day: int, at_night: int) -> pytest.MarkDecorator:
    """Give a test its number of `rounds`: few in every run, many more in `make nightly`."""
    night = pytest.param(at_night, id="at_night", marks=pytest.mark.slow)
    return pytest.mark.parametrize("rounds", [pytest.param(by_day, id="by_day"), night])


def seeds(by_day: int, at_night: int) -> pytest.MarkDecorator:
    """Give a test its `seed`: the first ones in every run, all of them in `make nightly`."""
    marks = [() if number < by_day else (pytest.mark.slow,) for number in range(at_night)]
    return pytest.mark.parametrize("seed", [pytest.param(number, marks=each) for number, each in enumerate(marks)])


# --- coverage ---


def is_unmeasured(item: pytest.Item) -> bool:
    """Tell whether a test walks lines that others walk as well: the second database's turn, a browser's, or marked so."""
    given = getattr(item, "callspec", None)
    second = given is not None and given.params.get("settings") == "postgresql"
    return second or any(item.get_closest_marker(name) for name in ("browser", "unmeasured"))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Stop measuring for the time of such a test: before Python 3.12 a measured line takes nearly twice as long."""
    measuring = Coverage.current()
    if measuring is None or not is_unmeasured(item):
        return (yield)
    measuring.stop()
    try:
        return (yield)
    finally:
        measuring.start()
