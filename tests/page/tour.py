"""Take the README's pictures from the real page: `make tour`, or some of them: `python -m tests.page.tour digest`.

Whoever changes what the page or an answer looks like runs it again, and looks at the result.
"""

import re
import sys
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.page.gestures import announcements, push, roll_back, say, say_in_thread, subscribe
from tests.support.browser import chromium, chromium_path
from tests.support.demo import RunningDemo, running_demo
from tests.support.waiting import wait_until

DOCS = Path(__file__).parents[2] / "docs"
WIDTH, HEIGHT, TALL = 1200, 760, 880
ACTING_HEIGHT, DIGEST_HEIGHT = 560, 1160
# Of a push for two platforms.
WEBHOOKS = 5
PATIENCE_MILLISECONDS = 15_000
MEANWHILE_SECONDS = 1_260


def main(wanted: Sequence[str] = ()) -> int:
    """Start the demo, take the pictures, and return the exit status.

    Args:
        wanted: Which: `talk`, `acting`, `digest`; none: all.
    """
    path = chromium_path()
    if path is None:
        print("no Chromium is installed (Debian: apt-get install chromium)", file=sys.stderr)  # noqa: T201 - a program.
        return 1
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    takers = {"talk": take_talk, "acting": take_acting, "digest": take_digest}
    for name in wanted or takers:
        # Another world for each: what was pushed before has no place in it.
        with running_demo() as demo, chromium(path) as browser:
            takers[name](browser, demo)
    return 0


def take_talk(browser: Browser, demo: RunningDemo) -> None:
    """Picture answers and announcements."""
    take_tags(open_page(browser, demo, user="U0MIA", channel="C0DEPLOYS", theme="light", height=TALL))
    take_thread(open_page(browser, demo, user="U0OMAR", channel="C0CREW", theme="dark"))
    take_pushes(browser, demo)


def take_tags(page: Page) -> None:
    """Picture a table of tags, alone in its channel, without the panel."""
    page.get_by_role("button", name="Close controls").click()
    say(page, "/hub tags acme/api --name '2.*' --limit 40")
    answer = page.get_by_role("article").filter(has_text="Tags of acme/api").last
    expect(answer.get_by_role("button", name="Share")).to_be_visible()
    rest(page)
    page.screenshot(path=DOCS / "tour-tags.png")


def take_thread(page: Page) -> None:
    """Picture a question about a release that is answered in its thread, with a shared comparison beside it."""
    say(page, "/hub diff acme/api:2.39.0 2.40.0 --share")
    expect(page.get_by_role("article").filter(has_text="acme/api:2.39.0 → acme/api:2.40.0").last).to_be_visible()
    question = page.get_by_role("article").filter(has_text="Who signs off 2.41?")
    thread = say_in_thread(question, "@Hub Bot tags acme/api --limit 5")
    expect(thread.get_by_role("article").filter(has_text="Tags of acme/api").last).to_be_visible()
    rest(page)
    page.screenshot(path=DOCS / "tour-thread.png")


def take_pushes(browser: Browser, demo: RunningDemo) -> None:
    """Picture announcements as the channel sees them: a lighter image, one that grew too much, the way back."""
    omar = open_page(browser, demo, user="U0OMAR", channel="C0CREW", theme="light")
    cards = announcements(omar, "acme/api:latest")
    # What the bot sees for the first time has nothing to be compared with: that card is for another channel.
    subscribe(omar, "acme/api")
    push(omar, "acme/api", "latest")
    expect(cards).to_have_count(1)

    omar.get_by_role("link", name=re.compile("^deploys")).click()
    subscribe(omar, "acme/api")
    push(omar, "acme/api", "latest", grow_percent=-8)
    expect(cards).to_have_count(1)
    demo.post("/clock", {"advance_seconds": MEANWHILE_SECONDS})
    push(omar, "acme/api", "latest", grow_percent=20)
    expect(cards).to_have_count(2)
    demo.post("/clock", {"advance_seconds": MEANWHILE_SECONDS})
    roll_back(omar, "acme/api", "latest")
    expect(cards).to_have_count(3)

    page = open_page(browser, demo, user="U0ANA", channel="C0DEPLOYS", theme="light", height=TALL)
    page.get_by_role("button", name="Close controls").click()
    rest(page)
    page.screenshot(path=DOCS / "tour-pushes.png")


def take_acting(browser: Browser, demo: RunningDemo) -> None:
    """Picture an approval as the admin sees it who is asked, and beside it the build that follows, with its thread."""

    def beside(user: str, channel: str) -> Page:
        size = {"width": WIDTH // 2, "height": ACTING_HEIGHT}
        return open_page(browser, demo, user=user, channel=channel, theme="light", **size)

    ana = beside("U0ANA", "C0DEPLOYS")
    say(ana, "/hub trigger acme/billing")
    expect(ana.get_by_role("article").filter(has_text="Waits for approval").last).to_be_visible()
    ines = beside("U0INES", _messages_with_the_bot(demo, "U0INES"))
    card = ines.get_by_role("article").filter(has_text="Approval needed").last
    expect(card.get_by_role("button", name="Reject")).to_be_visible()
    rest(ines)
    pictures = [ines.screenshot()]

    card.get_by_role("button", name="Approve").click()
    ines.get_by_role("dialog").get_by_role("button", name="Approve").click()
    build = ana.get_by_role("article").filter(has_text="Built by Docker Hub").last
    expect(build).to_contain_text("asked for")
    for seconds, words in ((10, "building"), (60, "built in")):
        demo.post("/clock", {"advance_seconds": seconds})
        expect(build).to_contain_text(words)
    build.get_by_role("button", name=re.compile("repl")).click()
    expect(ana.get_by_role("complementary", name="Thread")).to_contain_text("It took")
    rest(ana)
    pictures.append(ana.screenshot())
    _put_side_by_side(browser, pictures, DOCS / "tour-acting.png")


def take_digest(browser: Browser, demo: RunningDemo) -> None:
    """Picture a morning on which there is something to tell."""
    page = open_page(browser, demo, user="U0OMAR", channel="C0CREW", theme="light", height=DIGEST_HEIGHT)
    say(page, "/hub digest set 09:00 --tz Europe/Berlin --namespace acme --images python:3.12")
    expect(page.get_by_role("article").filter(has_text="Set: morning").last).to_be_visible()
    digests = page.get_by_role("article").filter(has=page.get_by_role("button", name="All of it"))
    for mornings in (1, 2):
        demo.post("/clock", {"to": "tomorrow 09:00", "as": "U0OMAR"})
        expect(digests).to_have_count(mornings)
    demo.post("/hub", {"do": "publish_vulnerability", "severity": "CRITICAL"})
    push(page, "acme/web", "latest", grow_percent=20)
    # Those that came after the night would be another push.
    wait_until(lambda: demo.seen_by("U0OMAR")["hub"]["webhooks_sent"] == WEBHOOKS)
    page.get_by_role("button", name="Close controls").click()
    demo.post("/clock", {"to": "tomorrow 09:00", "as": "U0OMAR"})
    expect(digests).to_have_count(3)
    rest(page)
    page.screenshot(path=DOCS / "tour-digest.png")


def _messages_with_the_bot(demo: RunningDemo, user: str) -> str:
    """Return the id of the conversation in which the bot writes to somebody, once it has."""

    def found() -> list[str]:
        seen = demo.seen_by(user)
        bot = seen["app"]["bot_user"]
        return [each["id"] for each in seen["conversations"] if each["kind"] == "im" and each["with"] == bot]

    wait_until(found)
    return found()[0]


def _put_side_by_side(browser: Browser, pictures: Sequence[bytes], path: Path) -> None:
    page = browser.new_page(viewport={"width": WIDTH, "height": ACTING_HEIGHT})
    images = "".join(f'<img src="data:image/png;base64,{b64encode(each).decode()}">' for each in pictures)
    style = "body { display: flex; margin: 0 } img + img { margin-left: -1px; border-left: 1px solid #ddd }"
    page.set_content(f"<style>{style}</style>{images}")
    page.wait_for_function("[...document.images].every(each => each.complete)")
    page.screenshot(path=path)


def open_page(
    browser: Browser,
    demo: RunningDemo,
    *,
    user: str,
    channel: str,
    theme: str,
    width: int = WIDTH,
    height: int = HEIGHT,
) -> Page:
    """Return the page in a fresh profile."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        timezone_id="Europe/Berlin",
        locale="en-US",
    )
    page = context.new_page()
    page.goto(f"{demo.url}/?as={user}#{channel}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    return page


def rest(page: Page) -> None:
    """Let everything come to rest, and take the pointer and the focus away."""
    page.mouse.move(5, 5)
    page.evaluate("document.activeElement?.blur()")
    expect(page.locator("body")).to_have_text(re.compile("Acme"))
    page.wait_for_timeout(600)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
