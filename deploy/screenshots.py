"""Take the screenshots of the README from a running page: `python deploy/screenshots.py http://127.0.0.1:8765`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

PLACE = Path(__file__).parents[1] / "deploy" / "screens"
SHOTS = (("river", "/", "light"), ("search", "/search?q=said+OR+ceasefire", "light"), ("article", "", "dark"))


def main(address: str) -> None:
    """Take each screenshot at 1280 by 800."""
    PLACE.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, path, scheme in SHOTS:
            context = browser.new_context(
                base_url=address,
                viewport={"width": 1280, "height": 800},
                color_scheme="dark" if scheme == "dark" else "light",
            )
            tab = context.new_page()
            tab.goto(path or "/search?q=said")
            if not path:
                tab.locator(".row h3 a").first.click()
                tab.locator(".reading h1").wait_for()
            tab.wait_for_timeout(500)
            tab.screenshot(path=PLACE / f"{name}.jpg", type="jpeg", quality=75)
            context.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8765")
