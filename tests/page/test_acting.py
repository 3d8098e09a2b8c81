"""Inviting somebody, from the first word to what Docker Hub made of it: as admin, operator, member and guest.

The real page in a real browser, with the real bot behind it.
"""

import re

from playwright.sync_api import Locator, Page, expect

from tests.page.conftest import OpenPage
from tests.page.gestures import say

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
    expect(card).to_contain_text("Ana Alvarez wants to: Invite olga@elsewhere.example to acme as owner.")
    expect(card).to_contain_text("POST /v2/invites/bulk")
    agree(ines, card, "Approve")
    done = answer(ines, "Approved and done")
    expect(done).to_contain_text("olga@elsewhere.example")
    expect(done.get_by_role("button", name="Approve")).to_have_count(0)
    told = answer(with_the_bot(ana), re.compile("Done: Invite olga@elsewhere.example"))
    expect(told).to_contain_text("Invited: olga@elsewhere.example.")
    expect(invites(ana).filter(has_text="olga@elsewhere.example")).to_contain_text("invited as owner")


def test_what_is_rejected_is_never_sent(open_page: OpenPage) -> None:
    ana, ines = open_page(channel="C0DEPLOYS", size=TALL), open_page(user=INES, size=TALL)

    ask_for_an_owner(ana, "rosa@elsewhere.example")
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


def test_a_member_is_told_who_can_and_nothing_happens(open_page: OpenPage) -> None:
    mia = open_page(user="U0MIA", channel="C0DEPLOYS", size=TALL)

    say(mia, "/hub invite quinn@elsewhere.example")

    refusal = answer(mia, "needs an operator.")
    expect(refusal).to_contain_text("Ask @")
    expect(refusal).not_to_contain_text("POST")
    expect(refusal.get_by_role("button", name="Invite")).to_have_count(0)
    expect(invites(mia).filter(has_text="quinn@elsewhere.example")).to_have_count(0)


def test_a_guest_may_not_even_look(open_page: OpenPage) -> None:
    gus = open_page(user="U0GUS", channel="C0DEPLOYS", size=TALL)

    say(gus, "/hub invite quinn@elsewhere.example")

    refusal = answer(gus, re.compile("guest", re.IGNORECASE))
    expect(refusal.get_by_role("button", name="Invite")).to_have_count(0)
    expect(invites(gus).filter(has_text="quinn@elsewhere.example")).to_have_count(0)


def test_nobody_else_sees_what_was_asked(open_page: OpenPage) -> None:
    ana, mia = open_page(channel="C0DEPLOYS", size=TALL), open_page(user="U0MIA", channel="C0DEPLOYS")

    ask_for_an_owner(ana, "secret@elsewhere.example")

    expect(mia.get_by_role("heading", name="deploys", level=1)).to_be_visible()
    expect(messages(mia).filter(has_text="secret@elsewhere.example")).to_have_count(0)
