"""What every test may ask for: databases, a clock, a browser. People and cases come from `tests.builders`."""

import os

import pytest

from tests.clock import Clock

pytest_plugins = ["tests.skips", "tests.databases", "tests.browser", "tests.economy"]


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings of whoever runs the tests out of them."""
    for name in [name for name in os.environ if name.startswith("DIANDAN_") and not name.startswith("DIANDAN_TEST_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at `tests.clock.NOW` until it is moved."""
    return Clock()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what drives a browser and let it run last: Playwright keeps an event loop that others would run into."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
