"""With CI=true a skipped test is a failed one: what is left out there would never be noticed."""

import os
from collections.abc import Generator
from typing import Any

import pytest

ALLOWED = "lacks ../shared/data"  # texts that only measure and are not part of the project


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    words = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return words.removeprefix("Skipped: ")


def _refuse(report: Any) -> Any:
    if os.environ.get("CI") == "true" and report.skipped and not _reason(report).startswith(ALLOWED):
        report.longrepr = f"CI=true, nothing may be left out, but this was: {_reason(report)}"
        report.outcome = "failed"
        report.__dict__.pop("wasxfail", None)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip (and an expected failure) of a test into a failure."""
    return _refuse((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn the skip of a whole module into a failure."""
    return _refuse((yield))
