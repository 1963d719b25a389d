"""Pages in headless Chromium: what a browser says, asks for and shows."""

import shutil
from contextlib import contextmanager

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextmanager
def browser():
    """An installed Chromium, or a skipped test that says why."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(f"no Chromium is installed (looked for {', '.join(NAMES)})")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright, of the test extra, is not installed")
    with sync_api.sync_playwright() as driver:
        # A container's root user has no sandbox; the pages are ours.
        started = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@contextmanager
def opened(started, path, width=1280, **settings):
    """The page at `path`; at the end nothing may have gone wrong or popped up, and nothing but the file been asked for.

    Whatever listens does so before the page is loaded.
    """
    context = started.new_context(viewport={"width": width, "height": 900}, **settings)
    page = context.new_page()
    said, asked = [], []

    def dismiss(dialog):
        said.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("dialog", dismiss)
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    yield page
    assert said == [], said
    assert [url for url in asked if not url.startswith("data:") and url.split("#")[0] != path.as_uri()] == []
    context.close()
