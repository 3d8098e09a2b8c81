"""What people see in the morning: the digest, all of it behind its button, the Home tab; and tags that are deleted.

The real page in a real browser, with the real bot behind it.
"""

import re

from playwright.sync_api import Locator, Page, expect

from tests.page.conftest import PHONE, OpenPage
from tests.page.gestures import say
from tests.page.test_acting import TALL, agree, answer, messages, with_the_bot
from tests.support.demo import RunningDemo

INES = "U0INES"


def fits(page: Page) -> bool:
    """Return whether nothing sticks out at the right."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def publish(page: Page, severity: str) -> str:
    """Let a vulnerability become known, with the panel, and return its name."""
    form = page.get_by_role("form", name="Publish a vulnerability")
    form.get_by_role("combobox", name="Severity").select_option(severity)
    form.get_by_role("button", name="Publish").click()
    status = form.get_by_role("status")
    expect(status).to_have_text(re.compile(r"CVE-\d{4}-\d+ in \S+: [\d,]+ repositories\."))
    return status.inner_text().split()[0]


def press_all_of_it(digest: Locator) -> Locator:
    """Press the button of a digest, and return what came."""
    digest.get_by_role("button", name="All of it").click()
    return answer(digest.page, "All of the digest")


def test_the_digest_comes_in_the_morning_and_all_of_it_to_who_asks(open_page: OpenPage, demo: RunningDemo) -> None:
    omar = open_page(user="U0OMAR", channel="C0DEPLOYS", size=TALL)
    mia = open_page(user="U0MIA", channel="C0DEPLOYS", size=PHONE)
    say(omar, "/hub digest set 09:00 --tz Europe/Berlin --namespace acme --images python:3.12 --name fleet")
    expect(answer(omar, re.compile(r"^.*Set: fleet: 09:00", re.DOTALL))).to_contain_text("about acme, python:3.12")
    name = publish(omar, "Critical")

    demo.post("/clock", {"to": "tomorrow 09:00", "as": "U0OMAR"})

    digest = answer(mia, re.compile("fleet, .* (?:January|February|March|April|May|June|July|August|.*ber)"))
    expect(digest).to_contain_text(re.compile(rf"acme/checkout:latest.* critical new, {name} in openssl, fixed by 3\."))
    expect(digest).to_contain_text(re.compile(r"\d+ of 41 images stale · \d+ critical, \d+ high in \d+ images"))
    expect(digest).to_contain_text("Could not be checked")
    assert fits(mia)

    whole = press_all_of_it(digest)
    expect(whole).to_have_accessible_name(re.compile("only visible to you"))
    expect(whole).to_contain_text("acme/old-monolith:latest")
    expect(whole.get_by_role("columnheader", name="Stale after")).to_be_visible()
    expect(messages(omar).filter(has_text="All of the digest")).to_have_count(0)
    assert fits(mia)


def test_the_home_tab_shows_how_everything_is(open_page: OpenPage) -> None:
    page = open_page(user="U0OMAR", channel="C0DEPLOYS")
    say(page, "/hub cves")
    answer(page, "Added up over the images")

    with_the_bot(page).get_by_role("tab", name="Home").click()

    home = page.get_by_role("main")
    expect(home).to_contain_text(re.compile(r"\d+ of 40 images stale"))
    expect(home).to_contain_text(re.compile(r"\d+ high in \d+ images \(3 images not analysed\)"))
    expect(home).to_contain_text("Nothing waits for approval.")
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert fits(page)


def test_tags_are_deleted_once_they_were_seen_typed_and_approved(open_page: OpenPage) -> None:
    ana, ines = open_page(channel="C0DEPLOYS", size=TALL), open_page(user=INES, channel="C0DEPLOYS", size=TALL)

    say(ana, "/hub delete-tags acme/api pr-1200 pr-1201 pr-1202")
    preview = answer(ana, "Delete 3 tags of acme/api")
    expect(preview).to_contain_text(re.compile(r"Images left without a tag [\d.]+\sMB"))
    expect(preview).to_contain_text("DELETE /v2/namespaces/acme/repositories/api/tags/pr-1202")
    preview.get_by_role("button", name="Ask for approval").click()
    dialog = ana.get_by_role("dialog")
    dialog.get_by_role("textbox").fill("acme/web")
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog).to_contain_text("That is not what was asked for. Nothing was sent.")
    dialog.get_by_role("textbox").fill("acme/api")
    dialog.get_by_role("button", name="Confirm").click()
    expect(answer(ana, "Waits for approval")).to_contain_text("Ines Ito can approve it until")

    agree(ines, answer(with_the_bot(ines), "wants to delete 3 tags of acme/api."), "Approve")

    ended = answer(ana, "Ended: 3 of 3 tags deleted.")
    expect(ended.get_by_role("button", name="Stop")).to_have_count(0)
    say(ana, "/hub tags acme/api --name 'pr-120*'")
    left = answer(ana, "Tags of acme/api")
    expect(left).to_contain_text("pr-1203")
    expect(left).not_to_contain_text("pr-1202")
