"""What holds for every test: no test depends on how fast the machine is today.

And the table of faults: every run ends with a line that says how many rows of it were shown;
``--faults-page`` writes docs/faults.md from the run.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import faults_table
import pytest
from hypothesis import settings
from rigs import order, own_log, registry_choice, statements, wordings

if TYPE_CHECKING:  # Playwright is loaded only by the tests that look at pages
    from playwright.sync_api import Browser
    from rigs.browser import OpenPage
    from rigs.s3 import S3

TESTS = Path(__file__).parent

# In CI the same examples every time; at a desk new ones, so that new mistakes are found there.
settings.register_profile("house", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("house")

own_log.configure()
wordings.compile_once()
statements.compile_once()


@pytest.fixture(autouse=True)
def _log_of_the_tests() -> "Iterator[None]":
    """Whatever log a test's program wrote to, the next test has that of the tests again."""
    yield
    own_log.configure()


@pytest.fixture(scope="session")
def s3() -> "Iterator[S3]":
    """A real S3 server; each test asks it for a bucket of its own."""
    from rigs.s3 import S3  # noqa: PLC0415

    with S3() as server:
        yield server


@pytest.fixture(scope="session")
def chromium() -> "Iterator[Browser]":
    from rigs import browser  # noqa: PLC0415

    with browser.opened() as found:
        yield found


@pytest.fixture
def page(chromium: "Browser") -> "Iterator[OpenPage]":
    """``page(html_or_url, width, dark=False)``: a page in Chromium, closed after the test."""
    from rigs import browser  # noqa: PLC0415

    with browser.pages(chromium) as found:
        yield found


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--faults-page", action="store_true", help="write docs/faults.md")
    registry_choice.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(registry_choice.Choice(config))


@pytest.hookimpl(trylast=True)  # of those that are left
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    modules = [item.path.relative_to(TESTS).as_posix() for item in items]
    for item, module in zip(items, modules, strict=True):
        if item.get_closest_marker("e2e") or module in order.LONGEST:
            # Lines are counted where parts are tested; counting doubles what whole ways cost.
            item.add_marker("no_cover")
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "0"))
    if workers:
        items[:] = [items[place] for place in order.dealt(modules, workers)]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    results = _results(terminalreporter)
    if not results:
        return
    rows, tests = faults_table.rows(), faults_table.shown()
    numbers = [int(number) for group in rows.values() for number in group]
    passed = sum(_all_passed(tests.get(number, []), results) for number in numbers)
    terminalreporter.write_line(f"faults: {passed} of {len(numbers)} rows shown, all tests passed")
    if config.getoption("--faults-page"):
        page = faults_table.render(rows, tests, results)
        faults_table.PAGE.write_text(page, encoding="utf-8")


def _results(reporter: pytest.TerminalReporter) -> dict[str, Counter[str]]:
    """What each test of a fault said, its cases counted."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for kind in (faults_table.PASSED, "failed", "error", "skipped", "xfailed"):
        for report in reporter.stats.get(kind, []):
            path, _, rest = report.nodeid.partition("::")
            name = rest.rpartition("::")[2].partition("[")[0]
            if faults_table.numbers_of(name):
                found[f"{path.removeprefix('tests/')}::{name}"][kind] += 1
    return found


def _all_passed(names: list[str], results: dict[str, Counter[str]]) -> bool:
    return bool(names) and all(
        set(results.get(name, {""})) == {faults_table.PASSED} for name in names
    )
