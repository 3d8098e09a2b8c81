"""The form that pushes a tag, and the switches beside it, on the page in a real browser; a small server is the bot."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from bot.sandbox.hub.state import Tag
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.slack.seed import manifest_for
from tests.page.conftest import PHONE, opened
from tests.sandbox.hub.receiver import Receiver, running_receiver


@dataclass(frozen=True)
class World:
    """A sandbox whose bot is only a receiver of webhooks."""

    sandbox: Sandbox
    bot: Receiver

    def tag(self, name: str, repository: str = "acme/web") -> Tag:
        return self.sandbox.hub.state.repository(repository).tags[name]


@pytest.fixture
def world() -> Iterator[World]:
    with running_receiver() as bot, Sandbox(manifest_for(bot.url)) as sandbox:
        sandbox.announce_pushes_to(bot.url.removesuffix("/hook"))
        yield World(sandbox, bot)


@pytest.fixture
def open_form(
    browser: Browser, world: World, request: pytest.FixtureRequest
) -> Iterator[Callable[..., tuple[Page, Locator]]]:
    """Return what opens the page and gives its form."""
    with opened(browser, request.node.name) as open_at:

        def open_it(*, size: tuple[int, int] = (1280, 1000), theme: str = "light") -> tuple[Page, Locator]:
            page = open_at(f"{world.sandbox.page.url}/?as=U0ANA#C0DEPLOYS", size=size, theme=theme)
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            return page, page.get_by_role("form", name="Push a tag")

        yield open_it


OpenForm = Callable[..., tuple[Page, Locator]]


def test_a_push_reaches_the_bot(open_form: OpenForm, world: World) -> None:
    page, form = open_form()
    before = world.tag("latest").images[0].size_bytes or 0

    form.get_by_role("combobox", name="Repository").select_option("acme/web")
    form.get_by_role("combobox", name="Tag").fill("latest")
    form.get_by_role("spinbutton", name="Grow by").fill("20")
    form.get_by_role("button", name="Push").click()

    expect(form.get_by_role("status")).to_contain_text("Pushed acme/web:latest")
    expect(form.get_by_role("status")).to_contain_text("5 webhooks")
    world.bot.wait_for(5)
    assert {payload["push_data"]["tag"] for payload in world.bot.payloads} == {"latest"}
    assert world.tag("latest").images[0].size_bytes == round(before * 1.2)
    expect(page.get_by_text("5 webhooks sent so far")).to_be_visible()


def test_the_tags_that_there_are_can_be_chosen(open_form: OpenForm, world: World) -> None:
    page, form = open_form()

    form.get_by_role("combobox", name="Repository").select_option("acme/checkout")

    listed = page.locator("#push-tags option").evaluate_all("options => options.map((each) => each.value)")
    assert listed[0] == "latest"
    assert set(listed) == set(world.sandbox.hub.state.repository("acme/checkout").tags)


def test_the_number_of_webhooks_follows_the_platforms_or_what_is_said(open_form: OpenForm, world: World) -> None:
    _, form = open_form()
    webhooks = form.get_by_role("spinbutton", name="Webhooks")
    expect(webhooks).to_have_attribute("placeholder", "5, as usual")

    form.get_by_role("checkbox", name="linux/arm/v7").check()
    expect(webhooks).to_have_attribute("placeholder", "7, as usual")
    webhooks.fill("2")
    form.get_by_role("combobox", name="Tag").fill("9.9.9")
    form.get_by_role("button", name="Push").click()

    expect(form.get_by_role("status")).to_contain_text("2 webhooks")
    world.bot.wait_for(2)


def test_a_rollback_needs_no_platforms(open_form: OpenForm, world: World) -> None:
    released = world.tag("latest").digest
    world.sandbox.hub.push("acme/web", "latest")
    _, form = open_form(theme="dark")

    form.get_by_role("combobox", name="Repository").select_option("acme/web")
    form.get_by_role("combobox", name="Tag").fill("latest")
    form.get_by_role("combobox", name="Image").select_option("The previous one")
    expect(form.get_by_role("checkbox", name="linux/amd64")).to_be_disabled()
    expect(form.get_by_role("spinbutton", name="Grow by")).to_be_disabled()
    form.get_by_role("button", name="Roll back").click()

    expect(form.get_by_role("status")).to_contain_text("Rolled back acme/web:latest")
    assert world.tag("latest").digest == released


def test_what_has_no_past_cannot_be_rolled_back(open_form: OpenForm) -> None:
    page, form = open_form()

    form.get_by_role("combobox", name="Repository").select_option("acme/web")
    form.get_by_role("combobox", name="Tag").fill("1.0.0")
    form.get_by_role("combobox", name="Image").select_option("The previous one")
    form.get_by_role("button", name="Roll back").click()

    expect(page.get_by_role("alert")).to_contain_text("there is none to go back to")


def test_lost_webhooks_and_lagging_data_can_be_played(open_form: OpenForm, world: World) -> None:
    page, form = open_form(theme="dark")
    before = world.tag("latest").digest

    page.get_by_role("group", name="Docker Hub webhooks").get_by_role("radio", name="Lost").check()
    page.get_by_role("group", name="Docker Hub data").get_by_role("radio", name="Lagging").check()
    form.get_by_role("combobox", name="Repository").select_option("acme/web")
    form.get_by_role("combobox", name="Tag").fill("latest")
    form.get_by_role("button", name="Push").click()

    expect(form.get_by_role("status")).to_contain_text("0 webhooks")
    shown = world.sandbox.hub.state.repository("acme/web").shown_tags(world.sandbox.clock())["latest"]
    assert shown.digest == before != world.tag("latest").digest
    assert world.bot.requests == []


def test_the_form_fits_a_phone(open_form: OpenForm) -> None:
    page, form = open_form(size=PHONE)
    page.get_by_role("button", name="Controls").click()

    expect(form.get_by_role("button", name="Push")).to_be_visible()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE[0]
