"""Inviting somebody and having something built, from the first word to what came of it: as each of the people.

The real page in a real browser, with the real bot behind it.
"""

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.page.conftest import OpenPage
from tests.page.gestures import say
from tests.support.demo import RunningDemo

INES = "U0INES"
TALL = (1280, 1400)


def messages(page: Page) -> Locator:
    return page.get_by_role("log").get_by_role("article")


def answer(page: Page, text: str | re.Pattern[str]) -> Locator:
    """Return the newest message that says so, once it is there."""
    found = messages(page).filter(has_text=text).last
    expect(found).to_be_visible()
    return found


def agree(page: Page, message: Locator, button: str) -> None:
    """Press a button that asks first, and say yes."""
    message.get_by_role("button", name=button).click()
    page.get_by_role("dialog").get_by_role("button", name=button).click()


def with_the_bot(page: Page) -> Page:
    """Go to the direct messages with the bot."""
    page.get_by_role("navigation").get_by_role("link", name=re.compile("Hub Bot")).click()
    return page


def invites(page: Page) -> Locator:
    """Return the pending invites that Docker Hub has, as the panel shows them."""
    return page.get_by_role("region", name="Organization acme").get_by_role("listitem")


def ask_for_an_owner(page: Page, address: str) -> Locator:
    """Ask for an invite that another admin has to approve; return the bot's last word."""
    say(page, f"/hub invite {address} --role owner")
    preview = answer(page, "POST /v2/invites/bulk").filter(has_text=address)
    expect(preview).to_contain_text("role: owner")
    preview.get_by_role("button", name="Ask for approval").click()
    return answer(page, "Waits for approval")


def test_an_owner_is_invited_once_another_admin_has_approved(open_page: OpenPage) -> None:
    ana, ines = open_page(size=TALL), open_page(user=INES, size=TALL)

    waiting = ask_for_an_owner(ana, "olga@elsewhere.example")

    expect(waiting).to_contain_text("Ines Ito can approve it until")
    expect(invites(ana).filter(has_text="olga@elsewhere.example")).to_have_count(0)
    card = answer(with_the_bot(ines), "Approval needed")
    expect(card).to_contain_text("Ana Alvarez wants to invite olga@elsewhere.example to acme as owner.")
    expect(card).to_contain_text("POST /v2/invites/bulk")
    agree(ines, card, "Approve")
    done = answer(ines, "Approved and done")
    expect(done).to_contain_text("olga@elsewhere.example")
    expect(done.get_by_role("button", name="Approve")).to_have_count(0)
    told = answer(with_the_bot(ana), re.compile("Carried out: Invite olga@elsewhere.example .*approved by @Ines Ito"))
    expect(told).to_contain_text("Invited: olga@elsewhere.example.")
    expect(invites(ana).filter(has_text="olga@elsewhere.example")).to_contain_text("invited as owner")


def test_what_is_rejected_is_never_sent_nor_seen_by_others(open_page: OpenPage) -> None:
    ana, ines = open_page(channel="C0DEPLOYS", size=TALL), open_page(user=INES, channel="C0DEPLOYS", size=TALL)

    ask_for_an_owner(ana, "rosa@elsewhere.example")
    expect(messages(ines).filter(has_text="Thanks")).to_have_count(1)
    expect(messages(ines).filter(has_text="rosa@elsewhere.example")).to_have_count(0)
    card = answer(with_the_bot(ines), "rosa@elsewhere.example")
    card.get_by_role("button", name="Reject").click()

    rejected = answer(ines, "rosa@elsewhere.example")
    expect(rejected).to_contain_text("Rejected")
    expect(rejected.get_by_role("button", name="Approve")).to_have_count(0)
    told = answer(with_the_bot(ana), "Rejected by @Ines Ito")
    expect(told).to_contain_text("Nothing was sent.")
    expect(invites(ana).filter(has_text="rosa@elsewhere.example")).to_have_count(0)


def test_an_operator_invites_members_alone_and_no_owners(open_page: OpenPage) -> None:
    omar = open_page(user="U0OMAR", channel="C0DEPLOYS", size=TALL)

    say(omar, "/hub invite pia@elsewhere.example --role owner")
    expect(answer(omar, "needs an admin.")).to_contain_text("Ask @Ana Alvarez or @Ines Ito.")
    say(omar, "/hub invite pia@elsewhere.example mia --team web")
    preview = answer(omar, "POST /v2/invites/bulk")
    expect(preview).to_contain_text("a member already")
    agree(omar, preview, "Invite")

    done = answer(omar, "Done: Invite pia@elsewhere.example")
    expect(done).to_contain_text("Invited: pia@elsewhere.example.")
    expect(invites(omar).filter(has_text="pia@elsewhere.example")).to_contain_text("invited as member, web")


def test_a_member_is_told_who_can_and_nothing_happens(open_page: OpenPage, demo: RunningDemo) -> None:
    mia = open_page(user="U0MIA", channel="C0DEPLOYS", size=TALL)
    before = demo.seen_by("U0ANA")["hub"]

    for line in ("/hub invite quinn@elsewhere.example", "/hub trigger acme/api"):
        say(mia, line)
        refusal = answer(mia, f"{line.split()[1]} needs an operator.")
        expect(refusal).to_contain_text("Ask @Ana Alvarez")
        expect(refusal).not_to_contain_text("POST")
        expect(refusal.get_by_role("button", name="Invite")).to_have_count(0)

    assert unchanged(before, demo.seen_by("U0ANA")["hub"])


def test_a_guest_may_not_even_look(open_page: OpenPage, demo: RunningDemo) -> None:
    gus = open_page(user="U0GUS", channel="C0DEPLOYS", size=TALL)
    before = demo.seen_by("U0ANA")["hub"]

    for line in ("/hub invite quinn@elsewhere.example", "/hub trigger setup acme/api"):
        say(gus, line)
        refusal = answer(gus, f"{line.split()[1]} is for full members")
        expect(refusal.get_by_role("button", name="Invite")).to_have_count(0)

    expect(gus.get_by_role("dialog")).to_have_count(0)
    assert unchanged(before, demo.seen_by("U0ANA")["hub"])


def unchanged(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Return whether nobody was invited and nothing was built in between."""
    return [before[each] for each in ("organizations", "builds")] == [
        after[each] for each in ("organizations", "builds")
    ]


# Builds


def fill_set_up(page: Page, repository: str, url: str) -> Locator:
    """Ask to set builds up, put a trigger URL into the form, save and test it; return the form."""
    say(page, f"/hub trigger setup {repository}")
    form = page.get_by_role("dialog")
    form.get_by_label("Trigger URL or token").fill(url)
    form.get_by_label("Then").select_option(label="Save, and test it")
    form.get_by_role("button", name="Save", exact=True).click()
    return form


def trigger_url(demo: RunningDemo, repository: str) -> str:
    """Return the URL that the panel has for it."""
    builds: list[dict[str, str]] = demo.seen_by("U0ANA")["hub"]["builds"]
    return next(each["trigger_url"] for each in builds if each["repository"] == repository)


def followed(page: Page, build: str) -> Locator:
    """Return the message that follows a build."""
    return messages(page).filter(has_text=build).filter(has_text="Built by Docker Hub").last


def built(page: Page) -> Locator:
    """Return what the panel tells of builds."""
    return page.get_by_role("list", name="Builds").get_by_role("listitem")


def move(demo: RunningDemo, seconds: float) -> None:
    demo.post("/clock", {"advance_seconds": seconds})


def test_an_operator_sets_builds_up_tests_them_and_watches_one(open_page: OpenPage, demo: RunningDemo) -> None:
    omar = open_page(user="U0OMAR", channel="C0DEPLOYS", size=TALL)
    url = trigger_url(demo, "acme/web")

    form = fill_set_up(omar, "acme/web", "https://elsewhere.example/trigger")
    expect(form).to_contain_text("A trigger URL of Docker Hub is expected")
    form.get_by_label("Trigger URL or token").fill(url)
    form.get_by_role("button", name="Save", exact=True).click()
    saved = answer(omar, "is built by Docker Hub from now on")
    expect(saved).to_contain_text("can only be tested by building")
    agree(omar, saved, "Build")

    card = followed(omar, "acme/web")
    expect(card).to_contain_text("asked for")
    expect(built(omar).filter(has_text="acme/web")).to_contain_text("latest: queued")
    move(demo, 10)
    expect(card).to_contain_text("building")
    move(demo, 60)
    expect(card).to_contain_text(re.compile(r": built in \d+ s\."))
    card.get_by_role("button", name=re.compile("repl")).click()
    thread = omar.get_by_role("complementary", name="Thread")
    expect(thread).to_contain_text(re.compile(r"Built\. It took \d+ s\. Log @Omar Okafor"))
    expect(thread).to_contain_text("Building.")
    assert url not in str(demo.seen_by("U0OMAR")["messages"])


def test_a_protected_repository_is_built_once_another_admin_has_approved(
    open_page: OpenPage, demo: RunningDemo
) -> None:
    ana, ines = open_page(channel="C0DEPLOYS", size=TALL), open_page(user=INES, size=TALL)

    say(ana, "/hub trigger acme/billing")
    expect(answer(ana, re.compile("Waits for approval: .*acme/billing"))).to_contain_text(
        "Ines Ito can approve it until"
    )
    expect(built(ana).filter(has_text="acme/billing")).to_contain_text("nothing was built yet")
    card = answer(with_the_bot(ines), "acme/billing (branch main)")
    expect(card).to_contain_text("acme/billing is protected")
    expect(card).to_contain_text('{"source_type": "Branch", "source_name": "main"}')
    agree(ines, card, "Approve")

    expect(answer(ines, "Approved and done")).to_contain_text("Approved by @Ines Ito")
    build = followed(ana, "acme/billing")
    expect(build).to_contain_text("Asked by @Ana Alvarez")
    move(demo, 70)
    expect(build).to_contain_text(re.compile(r": built in \d+ s\."))
    expect(answer(with_the_bot(ana), "acme/billing (branch main)")).to_contain_text("approved by @Ines Ito")


def test_a_build_that_fails_says_so_and_what_to_do(open_page: OpenPage, demo: RunningDemo) -> None:
    omar = open_page(user="U0OMAR", channel="C0CREW", size=TALL)
    panel = omar.get_by_role("group", name="Docker Hub builds")
    panel.get_by_role("radio", name="Failing").check(force=True)

    say(omar, "/hub trigger acme/api --branch develop")
    build = followed(omar, "acme/api (branch develop)")
    expect(build).to_contain_text("asked for")
    move(demo, 70)

    expect(build).to_contain_text(re.compile(r": failed after \d+ s\."))
    expect(build).to_contain_text("/hub trigger acme/api asks for it anew.")
    panel.get_by_role("radio", name="Building").check(force=True)
