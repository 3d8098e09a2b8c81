"""What a newcomer does first, on the real page in a real browser, with the real bot behind it.

Each test leaves a picture in `artifacts/page`.
"""

import re

from playwright.sync_api import Locator, Page, expect

from tests.page.conftest import PHONE, OpenPage
from tests.page.gestures import announcements, composer, push, say, say_in_thread
from tests.support.demo import RunningDemo


def messages(page: Page) -> Locator:
    return page.get_by_role("log").get_by_role("article")


def answer(page: Page, text: str) -> Locator:
    """Return the newest message that says so, once it is there."""
    found = messages(page).filter(has_text=text).last
    expect(found).to_be_visible()
    return found


def test_a_newcomer_is_greeted_with_things_to_try(open_page: OpenPage) -> None:
    page = open_page()

    welcome = answer(page, "Welcome to the sandbox")

    expect(welcome.locator("code")).to_have_text(
        [
            "/hub tags acme/api",
            "/hub subscribe acme/api",
            "/hub diff acme/api:latest edge",
            "/hub trigger acme/api",
            "/hub stale",
            "/hub cves",
            "/hub digest now",
            "/hub delete-tags acme/api --match 'pr-12*'",
            "/hub trigger acme/billing",
            "/hub invite olga@acme.example --role owner",
        ]
    )
    expect(composer(page)).to_be_visible()


def test_everything_that_the_welcome_suggests_works(open_page: OpenPage) -> None:
    page = open_page(channel="C0GENERAL")

    say(page, "/hub tags acme/api")
    expect(answer(page, "Tags of acme/api").get_by_role("row")).to_have_count(26)

    say(page, "/hub subscribe acme/api")
    answer(page, "subscribed this channel to acme/api.")
    push(page, "acme/api", "2.41.0")
    expect(announcements(page, "acme/api:2.41.0")).to_have_count(1)

    say(page, "/hub diff acme/api:latest edge")
    expect(answer(page, "acme/api:latest → acme/api:edge")).to_contain_text("Change")

    say(page, "/hub trigger acme/api")
    expect(answer(page, "acme/api (branch main)")).to_contain_text("Built by Docker Hub")

    say(page, "/hub stale")
    expect(answer(page, "Stale images of acme")).to_contain_text("acme/old-monolith:latest")

    say(page, "/hub cves")
    expect(answer(page, "Vulnerabilities of acme")).to_contain_text("By Docker Scout, now.")


def test_a_typing_mistake_gets_the_nearest_verb(open_page: OpenPage) -> None:
    page = open_page(user="U0MIA", channel="C0RANDOM")

    say(page, "/hub tgas nginx")

    expect(answer(page, "tgas")).to_contain_text("Did you mean tags?")


def test_an_answer_is_for_the_asker_alone(open_page: OpenPage) -> None:
    ana, mia = open_page(channel="C0DEPLOYS"), open_page(user="U0MIA", channel="C0DEPLOYS")

    say(ana, "/hub inspect acme/web")
    found = answer(ana, "acme/web:latest")

    expect(found).to_have_accessible_name(re.compile("only visible to you"))
    expect(mia.get_by_role("heading", name="deploys", level=1)).to_be_visible()
    expect(messages(mia).filter(has_text="acme/web:latest")).to_have_count(0)


def test_a_table_is_paged_sorted_and_filtered(open_page: OpenPage) -> None:
    page = open_page(channel="C0CREW")

    say(page, "/hub tags acme/api --limit 60")
    table = answer(page, "60 of")
    expect(table.get_by_text("1–25 of 60")).to_be_visible()
    first = table.get_by_role("rowheader").first.inner_text()

    table.get_by_role("button", name="Next page").click()
    expect(table.get_by_text("26–50 of 60")).to_be_visible()

    table.get_by_role("button", name="Tag", exact=True).click()
    expect(table.get_by_role("columnheader", name="Tag")).to_have_attribute("aria-sort", "ascending")
    assert table.get_by_role("rowheader").first.inner_text() != first

    table.get_by_role("searchbox").fill("sha-")
    expect(table.get_by_role("rowheader").first).to_have_text(re.compile("^sha-"))


def test_pressing_share_shows_the_answer_to_the_channel(open_page: OpenPage) -> None:
    ana, mia = open_page(), open_page(user="U0MIA")

    say(ana, "/hub inspect library/nginx")
    answer(ana, "library/nginx:latest").get_by_role("button", name="Share").click()

    shared = answer(mia, "library/nginx:latest")
    expect(shared).not_to_have_accessible_name(re.compile("only visible"))
    expect(shared).to_contain_text("Ana")


def test_an_answer_can_be_shared_from_the_start(open_page: OpenPage) -> None:
    ana, mia = open_page(channel="C0DEPLOYS"), open_page(user="U0MIA", channel="C0DEPLOYS")

    say(mia, "/hub inspect library/redis --share")

    expect(answer(ana, "library/redis:latest")).not_to_have_accessible_name(re.compile("only visible"))


def test_completion_leads_from_the_slash_to_the_tag(open_page: OpenPage) -> None:
    page = open_page(user="U0OMAR", channel="C0RANDOM")
    box = composer(page)

    box.press_sequentially("/")
    expect(page.get_by_role("option")).to_contain_text(["/hub", "/invite", "/remove"])
    box.press_sequentially("hub ta")
    expect(page.get_by_role("option", name=re.compile("^tags"))).to_be_visible()
    box.press("ArrowDown")
    box.press("Tab")
    expect(box).to_have_value("/hub tags ")

    box.press_sequentially("acme/a")
    expect(page.get_by_role("option", name="acme/api private")).to_be_visible()
    box.press_sequentially("pi --w")
    expect(page.get_by_role("option", name=re.compile("--wide"))).to_be_visible()


def test_the_bot_answers_a_mention_in_its_thread(open_page: OpenPage) -> None:
    page = open_page(channel="C0CREW")
    say(page, "Which tags do we have?")
    question = answer(page, "Which tags do we have?")

    thread = say_in_thread(question, "@Hub Bot tags acme/api --limit 3")

    expect(thread.get_by_role("article").filter(has_text="Tags of acme/api").last).to_be_visible()


def test_a_slash_command_in_a_thread_is_refused_by_slack(open_page: OpenPage) -> None:
    page = open_page(channel="C0CREW")
    say(page, "A thread begins here.")
    start = answer(page, "A thread begins here.")

    thread = say_in_thread(start, "/hub tags acme/api")

    expect(thread.get_by_text("/hub is not supported in threads. Sorry!")).to_be_visible()


def test_a_guest_gets_help_and_nothing_else(open_page: OpenPage) -> None:
    page = open_page(user="U0GUS", channel="C0DEPLOYS")

    say(page, "/hub tags acme/api")
    expect(answer(page, "is for full members of the workspace")).to_be_visible()
    say(page, "/hub help")
    expect(answer(page, "Hub Bot: Docker Hub from Slack")).to_be_visible()

    expect(messages(page).filter(has_text="Tags of acme/api")).to_have_count(0)


def test_a_long_table_comes_as_a_file_too(open_page: OpenPage) -> None:
    page = open_page(user="U0OMAR", channel="C0RANDOM")

    say(page, "/hub tags acme/api --all")
    answer(page, "CSV")
    page.get_by_role("region", name="Apps").get_by_role("link").click()

    file = answer(page, ".csv")
    file.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("columnheader", name="Tag").first).to_be_visible()
    expect(file.get_by_role("link", name=re.compile("Download"))).to_be_visible()


def test_a_pushed_tag_is_the_newest(open_page: OpenPage) -> None:
    page = open_page(user="U0OMAR", channel="C0DEPLOYS")
    form = page.get_by_role("form", name="Push a tag")

    form.get_by_role("combobox", name="Repository").select_option("acme/gateway")
    form.get_by_role("combobox", name="Tag").fill("9.9.9")
    form.get_by_role("button", name="Push").click()
    expect(form.get_by_role("status")).to_contain_text("9.9.9")
    say(page, "/hub tags acme/gateway --limit 2")

    expect(answer(page, "Tags of acme/gateway").get_by_role("rowheader").first).to_have_text("9.9.9")


def test_a_rate_limit_is_told_with_the_time_to_come_back(open_page: OpenPage, demo: RunningDemo) -> None:
    page = open_page(user="U0MIA", channel="C0RANDOM")

    page.get_by_role("group", name="Docker Hub network").get_by_role("radio", name="Rate limited").check()
    say(page, "/hub tags acme/worker")
    try:
        expect(answer(page, "Docker Hub")).to_contain_text(re.compile(r"rate limited until \d\d:\d\d UTC"))
    finally:
        demo.post("/hub", {"do": "network", "state": "up"})
        demo.post("/clock", {"advance_seconds": 120})


def test_a_broken_network_is_told(open_page: OpenPage, demo: RunningDemo) -> None:
    page = open_page(user="U0MIA", channel="C0RANDOM")

    page.get_by_role("group", name="Docker Hub network").get_by_role("radio", name="Down").check()
    say(page, "/hub inspect acme/worker")
    try:
        expect(answer(page, "Docker Hub is not available")).to_be_visible()
    finally:
        demo.post("/hub", {"do": "network", "state": "up"})


def test_an_expired_token_is_told_and_the_public_answer_still_comes(open_page: OpenPage, demo: RunningDemo) -> None:
    page = open_page(user="U0MIA", channel="C0RANDOM")

    page.get_by_role("group", name="Docker Hub token").get_by_role("radio", name="Expired").check()
    say(page, "/hub tags library/alpine --limit 3")
    try:
        found = answer(page, "Tags of library/alpine")
        expect(found).to_contain_text("Docker Hub refuses the PAT of ana: public data only.")
    finally:
        demo.post("/hub", {"do": "token", "state": "good"})
        demo.post("/clock", {"advance_seconds": 600})  # The bot tries a refused token again after five minutes.


def test_tomorrow_morning_comes_for_the_bot_too(open_page: OpenPage, demo: RunningDemo) -> None:
    page = open_page(user="U0OMAR", channel="C0RANDOM")

    page.get_by_role("button", name="Tomorrow 09:00").click()
    try:
        say(page, "/hub inspect acme/search")
        expect(answer(page, "acme/search:latest")).to_be_visible()
        expect(page.get_by_role("main").get_by_role("separator", name="Today").last).to_be_visible()
    finally:
        demo.post("/clock", {"reset": True})


def test_dark_mode_follows_the_system_and_can_be_chosen(open_page: OpenPage) -> None:
    page = open_page(theme="dark")
    answer(page, "Welcome to the sandbox")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.get_by_role("button", name=re.compile("^Theme")).click()
    page.get_by_role("menuitemradio", name="Light").click()

    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert _brightness(dark) < 60
    assert _brightness(light) > 200


def test_dark_mode_shows_an_answer(open_page: OpenPage) -> None:
    page = open_page(user="U0OMAR", channel="C0DEPLOYS", theme="dark")

    say(page, "/hub diff acme/api:latest edge")

    expect(answer(page, "acme/api:latest → acme/api:edge")).to_be_visible()


def test_a_phone_shows_one_thing_at_a_time(open_page: OpenPage) -> None:
    page = open_page(size=PHONE, channel="C0DEPLOYS")

    say(page, "/hub tags acme/gateway --limit 4")
    answer(page, "Tags of acme/gateway")
    width = page.evaluate("document.documentElement.scrollWidth")

    assert width <= PHONE[0]
    expect(page.get_by_role("navigation", name="Workspace")).not_to_be_in_viewport()


def test_a_phone_has_the_channels_in_a_drawer(open_page: OpenPage) -> None:
    page = open_page(size=PHONE)

    page.get_by_role("button", name=re.compile("menu|channels|navigation", re.IGNORECASE)).first.click()
    page.get_by_role("link", name=re.compile("^deploys")).click()

    expect(page.get_by_role("heading", name="deploys", level=1)).to_be_visible()


def test_the_keyboard_is_enough(open_page: OpenPage) -> None:
    page = open_page(user="U0OMAR", channel="C0GENERAL")

    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Go to")).to_be_visible()
    page.keyboard.type("rand")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="random", level=1)).to_be_visible()
    expect(composer(page)).to_be_focused()
    page.keyboard.type("/hub help")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")

    expect(answer(page, "Hub Bot: Docker Hub from Slack")).to_be_visible()


def test_what_was_said_is_there_after_a_reload(open_page: OpenPage) -> None:
    page = open_page(user="U0MIA", channel="C0RANDOM")
    say(page, "Remember <this> & *that*")
    answer(page, "Remember <this> & that")

    page.reload()

    expect(answer(page, "Remember <this> & that")).to_be_visible()


def test_a_page_in_the_background_holds_no_connection(open_page: OpenPage) -> None:
    """A browser has six to a place, and people open more tabs than that."""
    page = open_page(user="U0MIA", channel="C0RANDOM")
    answer(page, "Who left a coffee")
    become = "Object.defineProperty(document, 'hidden', {configurable: true, get: () => %s}); \
        document.dispatchEvent(new Event('visibilitychange'))"

    with page.expect_request(lambda request: "/state" in request.url and "wait=0" in request.url):
        page.evaluate(become % "true")
    with page.expect_request(lambda request: "/state" in request.url and "wait=1" in request.url):
        page.evaluate(become % "false")


def test_nobody_can_write_where_only_the_app_does(open_page: OpenPage) -> None:
    page = open_page(user="U0MIA", channel="C0RANDOM")

    page.get_by_role("region", name="Apps").get_by_role("link").click()

    expect(page.get_by_text("Only the app writes here.")).to_be_visible()
    expect(composer(page)).to_be_hidden()


def _brightness(color: str) -> float:
    red, green, blue = (int(each) for each in re.findall(r"\d+", color)[:3])
    return (red + green + blue) / 3
