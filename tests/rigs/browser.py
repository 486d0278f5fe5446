"""Chromium, headless: what a person sees is looked at as a person's browser shows it.

Playwright drives Debian's Chromium, which reaches no host but loopback. The fixtures stand in
``tests/conftest.py``: ``chromium`` lives as long as the session, ``page`` opens pages for a test.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from playwright.sync_api import Browser, Page, sync_playwright

EXECUTABLE = Path("/usr/bin/chromium")
_HEIGHT = 900
#: Playwright's own is half a minute, of a machine that does nothing else.
_PATIENCE_MS = 120_000
_ONLY_LOOPBACK = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


class OpenPage(Protocol):
    """``page(html_or_url, width, dark=False)``: a page with that content, wholly loaded."""

    def __call__(self, html_or_url: str, width: int, dark: bool = False) -> Page: ...


@contextlib.contextmanager
def opened() -> Iterator[Browser]:
    """One browser; a machine without Chromium fails here, it does not skip."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=EXECUTABLE,
            args=["--no-sandbox", "--disable-gpu", _ONLY_LOOPBACK],
        )
        with _outside(browser):
            yield browser
        browser.close()


@contextlib.contextmanager
def pages(browser: Browser) -> Iterator[OpenPage]:
    """Open pages that have nothing of each other; all are closed when the block ends.

    Within the block no other asyncio loop can run in this thread.
    """
    with _inside(browser), contextlib.ExitStack() as stack:

        def page(html_or_url: str, width: int, dark: bool = False) -> Page:
            context = browser.new_context(
                viewport={"width": width, "height": _HEIGHT},
                color_scheme="dark" if dark else "light",
                locale="vi-VN",
            )
            stack.callback(context.close)
            context.set_default_timeout(_PATIENCE_MS)
            found = context.new_page()
            if html_or_url.lstrip().startswith("<"):
                found.set_content(html_or_url, wait_until="load")
            else:
                found.goto(html_or_url, wait_until="load")
            return found

        yield page


def axe(page: Page) -> list[dict[str, Any]]:
    """Return what axe finds wrong with a page for people who cannot see it or use no mouse."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415  only where it is asked

    return list(Axe().run(page).response["violations"])


def scrolls_sideways(page: Page) -> bool:
    """Tell whether the page is wider than its window."""
    return bool(
        page.evaluate(
            "document.scrollingElement.scrollWidth > document.documentElement.clientWidth"
        )
    )


# Between its calls Playwright leaves its loop marked as running, also after the test that made
# them: in the tests that follow, which have loops of their own, asyncio would refuse to run them.


@contextlib.contextmanager
def _inside(browser: Browser) -> Iterator[None]:
    asyncio._set_running_loop(browser._loop)
    try:
        yield
    finally:
        asyncio._set_running_loop(None)


@contextlib.contextmanager
def _outside(browser: Browser) -> Iterator[None]:
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(browser._loop)
