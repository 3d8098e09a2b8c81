"""Announcements of pushes, on the real page in a real browser, with the real bot behind it; one demo for all of it.

Every test has a repository or a channel of its own. The time only ever moves forward.
"""

import re
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.page.conftest import OpenPage
from tests.page.gestures import announcements, push, roll_back, say, subscribe
from tests.support.demo import RunningDemo
from tests.support.waiting import wait_until

ON_TIME_SECONDS = 20.0
DAY_SECONDS, LAG_SECONDS = 86_400, 30
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
CONFIRMING = "confirming…"
TALL = (1280, 1500)
# By a repository of each: who is said to have pushed, and what a person reads of that.
HOSTILE = {
    "billing": ("<!channel> <!here> <!everyone>", "<!channel> <!here> <!everyone>"),
    "auth": ("<@U0ANA> @ana <!subteam^S0PLATFORM> <#C0GENERAL>", "<@U0ANA> @ana <!subteam^S0PLATFORM> <#C0GENERAL>"),
    "catalog": ("*bold* _italic_ ~struck~ > quoted", "*bold* _italic_ ~struck~ > quoted"),
    "checkout": ("`ticks` ```fence``` &lt;!channel&gt;", "`ticks` ```fence``` &lt;!channel&gt;"),
    "shipping": ("\u202egnp.exe\u202c \u200f\u2066turned\u061c", "gnp.exe turned"),
    "cron": (":tada: https://evil.example <https://evil.example|acme/api>",) * 2,
    "hostile": ("W" * 255, f"{'W' * 59}…"),
}


def messages(page: Page) -> Locator:
    return page.get_by_role("log").get_by_role("article")


def answer(page: Page, text: str | re.Pattern[str]) -> Locator:
    """Return the newest message that says so, once it is there."""
    found = messages(page).filter(has_text=text).last
    expect(found).to_be_visible()
    return found


def announced(page: Page, image: str) -> Locator:
    """Return the only announcement of an image, once it is there and nothing of it is open any more."""
    found = announcements(page, image)
    expect(found).to_have_count(1)
    expect(found).not_to_contain_text(CONFIRMING)
    return found


def test_one_push_of_several_platforms_is_one_announcement_and_a_rollback_is_another(open_page: OpenPage) -> None:
    omar = open_page(user="U0OMAR", channel="C0DEPLOYS")
    mia = open_page(user="U0MIA", channel="C0DEPLOYS")

    say(omar, "/hub subscribe acme/api")
    confirmation = messages(mia).last
    expect(confirmation).to_contain_text("Hub Bot")
    expect(confirmation).to_contain_text("@Omar Okafor")
    expect(confirmation).to_contain_text(re.compile(r"1\. acme/api, every push, since "))

    began = time.monotonic()
    pushed = push(omar, "acme/api", "latest")
    first = announced(omar, "acme/api:latest")
    assert time.monotonic() - began < ON_TIME_SECONDS
    expect(first).to_contain_text("by ana")
    expect(first).to_contain_text(re.compile(r"amd64 [\d.]+\sMB.*arm64/v8 [\d.]+\sMB"))
    expect(first).to_contain_text(pushed)

    began = time.monotonic()
    former = roll_back(omar, "acme/api", "latest")
    expect(announcements(omar, "acme/api:latest")).to_have_count(2)
    assert time.monotonic() - began < ON_TIME_SECONDS
    second = announcements(mia, "acme/api:latest").last
    expect(second).not_to_contain_text(CONFIRMING)
    expect(second).to_contain_text("same size")
    expect(second).to_contain_text(former)
    assert former != pushed


@pytest.fixture(scope="module")
def web_was_pushed(demo: RunningDemo) -> None:
    """Have a push of acme/web announced in #general."""
    demo.post("/act", {"as": "U0OMAR", "do": "type", "channel": "C0GENERAL", "text": "/hub subscribe acme/web"})
    wait_until(lambda: any("Subscribed: `acme/web`" in each["text"] for each in demo.seen_by("U0OMAR")["messages"]))
    push_quietly(demo, "acme/web", "2.5.0", webhooks=1)


@pytest.mark.usefixtures("web_was_pushed")
def test_inspect_and_tags_are_answered_to_the_presser_alone(open_page: OpenPage) -> None:
    ana, mia = open_page(user="U0ANA"), open_page(user="U0MIA")
    card = announced(mia, "acme/web:2.5.0")

    card.get_by_role("button", name="Inspect").click()
    inspected = answer(mia, "acme/web:2.5.0@sha256:")
    card.get_by_role("button", name="Tags").click()
    tags = answer(mia, "Tags of acme/web")

    for each in (inspected, tags):
        expect(each).to_have_accessible_name(re.compile("only visible to you"))
    expect(tags.get_by_role("rowheader").first).to_have_text("2.5.0")
    announced(ana, "acme/web:2.5.0")
    expect(ana.get_by_text("Tags of acme/web")).to_have_count(0)


@pytest.mark.usefixtures("web_was_pushed")
def test_deliveries_lead_to_the_announcement(open_page: OpenPage, demo: RunningDemo) -> None:
    page = open_page(user="U0MIA")
    announced(page, "acme/web:2.5.0")
    (posted,) = [
        each for each in demo.seen_by("U0MIA")["messages"] if "2.5.0" in each["text"] and not each["is_ephemeral"]
    ]

    say(page, "/hub deliveries")

    row = answer(page, "Deliveries to this channel").get_by_role("row").filter(has_text="acme/web:2.5.0")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("delivered")
    address = re.compile(f"/archives/C0GENERAL/p{posted['ts'].replace('.', '')}$")
    expect(row.get_by_role("link")).to_have_attribute("href", address)

    for number in range(30):
        demo.post("/act", {"as": "U0OMAR", "do": "type", "channel": "C0GENERAL", "text": f"so much is said: {number}"})
    card = announced(page, "acme/web:2.5.0")
    expect(card).not_to_be_in_viewport()
    row.get_by_role("link").click()
    expect(card).to_be_in_viewport()
    expect(card).to_be_focused()
    expect(page).to_have_url(re.compile("#C0GENERAL$"))
    assert len(page.context.pages) == 1


def test_a_bot_that_is_not_there_says_how_to_invite_it_and_that_works(open_page: OpenPage) -> None:
    omar = open_page(user="U0OMAR", channel="C0RANDOM")

    say(omar, "/hub subscribe acme/notifier")
    expect(answer(omar, "I am not in this channel")).to_contain_text(
        "type /invite @Hub Bot, then the same command again"
    )
    say(omar, "/invite @Hub Bot")
    answer(omar, "@Hub Bot has joined the channel")
    say(omar, "/hub subscribe acme/notifier")

    answer(omar, "@Omar Okafor subscribed this channel to acme/notifier.")


def test_the_panel_offers_what_the_tips_are_about_and_says_what_to_wait_for(open_page: OpenPage) -> None:
    ana = open_page(user="U0ANA", channel="C0CREW")
    form = ana.get_by_role("form", name="Push a tag")
    expect(form.get_by_role("combobox", name="Repository")).to_have_value("acme/api")

    push(ana, "acme/api", "0.0.1", webhooks=2)
    expect(form.get_by_role("status")).to_have_text(
        re.compile(r", 2 webhooks\. The bot waits for five quiet seconds\.$")
    )
    say(ana, "/hub subscribe acme/api")

    # Docker Hub tells the bot of pushes already, and its address is no secret to this demo.
    expect(answer(ana, "Subscribed: acme/api.")).not_to_contain_text("webhook")


def test_an_operator_mutes_a_repository_for_a_day(open_page: OpenPage, demo: RunningDemo) -> None:
    omar, mia = open_page(user="U0OMAR"), open_page(user="U0MIA")
    subscribe(omar, "acme/worker")
    push(omar, "acme/worker", "1.1.0", webhooks=1)

    announced(mia, "acme/worker:1.1.0").get_by_role("button", name="Mute 24 h").click()
    expect(answer(mia, "needs an operator")).to_contain_text("Ana Alvarez")

    card = announced(omar, "acme/worker:1.1.0")
    card.get_by_role("button", name="Mute 24 h").click()
    expect(announced(mia, "acme/worker:1.1.0")).to_contain_text(re.compile(r"Muted by @Omar Okafor until tomorrow at "))
    expect(card.get_by_role("button", name="Mute 24 h")).to_have_count(0)

    push(omar, "acme/worker", "1.2.0", webhooks=1)
    wait_until_muted(omar, "acme/worker:1.2.0")
    expect(announcements(omar, "acme/worker:1.2.0")).to_have_count(0)

    demo.post("/clock", {"advance_seconds": DAY_SECONDS})
    push(omar, "acme/worker", "1.3.0", webhooks=1)
    announced(omar, "acme/worker:1.3.0")
    expect(announcements(omar, "acme/worker:1.2.0")).to_have_count(0)


def wait_until_muted(page: Page, image: str) -> None:
    """Ask for the deliveries until the bot has decided that this one is not announced."""
    muted = messages(page).get_by_role("row").filter(has_text=image).filter(has_text="muted")
    for _ in range(10):
        answers = messages(page).filter(has_text="Deliveries to this channel")
        asked = answers.count()
        say(page, "/hub deliveries")
        expect(answers).to_have_count(asked + 1)
        if muted.count():
            return
        page.wait_for_timeout(1_000)
    raise AssertionError(f"{image} was not muted")


def test_what_docker_hub_does_not_show_yet_is_being_confirmed(open_page: OpenPage, demo: RunningDemo) -> None:
    omar = open_page(user="U0OMAR", channel="C0DEPLOYS")
    subscribe(omar, "acme/search")
    data = omar.get_by_role("group", name="Docker Hub data")
    data.get_by_role("radio", name="Lagging").check()

    push(omar, "acme/search", "3.0.0", webhooks=1)
    card = announcements(omar, "acme/search:3.0.0")
    expect(card).to_contain_text(CONFIRMING)
    assert not DIGEST.search(card.inner_text())

    data.get_by_role("radio", name="Fresh").check()
    demo.post("/clock", {"advance_seconds": LAG_SECONDS})
    expect(announced(omar, "acme/search:3.0.0")).to_contain_text(DIGEST)
    expect(card).to_have_count(1)


def test_hostile_words_do_nothing(open_page: OpenPage, demo: RunningDemo) -> None:
    omar = open_page(user="U0OMAR", channel="C0CREW", size=TALL)
    subscribe(omar, "acme/*")

    for name, (pusher, _) in HOSTILE.items():
        push_quietly(demo, f"acme/{name}", "1.0.0", webhooks=0)
        assert demo.send_webhook(hostile_payload(demo, f"acme/{name}", "1.0.0", pusher)) == 202

    for name, (_, seen) in HOSTILE.items():
        card = announced(omar, f"acme/{name}:1.0.0")
        expect(card).to_contain_text(seen)
        # All that is bold is the image's name, and it is also the only link.
        expect(card.locator("strong")).to_have_text([f"acme/{name}:1.0.0"])
        expect(card.get_by_role("link")).to_have_count(1)
        link = card.get_by_role("link")
        expect(link).to_have_attribute("href", f"https://hub.docker.com/r/acme/{name}/tags?name=1.0.0")
        expect(card.locator(".bk-mention, .bk-emoji, .bk-quote, .bk-pre, em, s")).to_have_count(0)
    told = [each for each in demo.seen_by("U0OMAR")["messages"] if "acme/" in each["text"] and ":1.0.0" in each["text"]]
    assert len(told) == len(HOSTILE)
    assert [notice for each in told for notice in notices(each)] == []


def test_a_hostile_tag_is_refused(demo: RunningDemo) -> None:
    for tag in ("<!channel>", "*bold*", "`latest`", "\u202elatest", "a" * 255):
        assert demo.send_webhook(hostile_payload(demo, "acme/hostile", tag, "ana")) == 400


def push_quietly(demo: RunningDemo, repository: str, tag: str, *, webhooks: int) -> None:
    """Push without the panel."""
    order = {"do": "push_tag", "repository": repository, "tag": tag, "platforms": ["linux/amd64"]}
    assert demo.post("/hub", {**order, "webhooks": webhooks})["ok"]


def hostile_payload(demo: RunningDemo, repository: str, tag: str, pusher: str) -> dict[str, Any]:
    """Return a webhook's payload in which everything that may be any text is hostile."""
    namespace, _, name = repository.partition("/")
    now = datetime.fromisoformat(demo.seen_by("U0ANA")["clock"]["now"])
    words = "<!channel> *<https://evil.example|press>* `" + "W" * 25_000
    return {
        "callback_url": "https://evil.example/",
        "push_data": {"pushed_at": int(now.timestamp()), "pusher": pusher, "tag": tag, "images": [words]},
        "repository": {
            "repo_name": repository,
            "namespace": namespace,
            "name": name,
            "owner": words,
            "description": words,
            "full_description": words,
            "repo_url": "javascript:alert(1)",
        },
    }


def notices(message: Any) -> Iterator[str]:
    """Yield what would notify somebody: in a block, or in mrkdwn, where only dates may begin with `<!`."""
    match message:
        case {"type": "user" | "usergroup" | "broadcast" as kind}:
            yield kind
        case {"type": "text"}:
            pass  # Words of rich text are what they are.
        case dict():
            for each in message.values():
                yield from notices(each)
        case list():
            for each in message:
                yield from notices(each)
        case str():
            yield from re.findall(r"<(?:[@#]|!(?!date)).*?>", message)
