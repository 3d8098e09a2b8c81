"""The organizations on the panel, in a real browser: who is invited, and what happens when they accept."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from bot.sandbox.sandbox import Sandbox
from bot.sandbox.slack.seed import manifest_for
from tests.page.conftest import opened


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(manifest_for(None)) as sandbox:
        yield sandbox


def test_an_invitee_can_be_let_accept(browser: Browser, sandbox: Sandbox, request: pytest.FixtureRequest) -> None:
    with opened(browser, request.node.name) as open_at:
        page = open_at(f"{sandbox.page.url}/?as=U0ANA#C0DEPLOYS", size=(1280, 1400))
        acme = page.get_by_role("region", name="Organization acme")
        expect(acme).to_contain_text("6 members, 7 of 10 seats taken")
        expect(acme.get_by_role("listitem")).to_have_text(["lena@acme.exampleinvited as member, webAccept"])

        acme.get_by_role("button", name="Accept for lena@acme.example").click()

        expect(acme).to_contain_text("7 members, 7 of 10 seats taken")
        expect(acme).to_contain_text("Nobody is invited.")
        assert sandbox.hub.organization("acme").members["lena"] == "member"


def test_one_can_be_each_of_the_people(browser: Browser, sandbox: Sandbox, request: pytest.FixtureRequest) -> None:
    with opened(browser, request.node.name) as open_at:
        page = open_at(f"{sandbox.page.url}/?as=U0ANA#C0DEPLOYS")
        page.get_by_title("Act as somebody else").click()

        menu = page.get_by_role("menu", name="You are")
        expect(menu.get_by_role("menuitemradio")).to_contain_text(
            [
                "Ana AlvarezAdmin",
                "Omar OkaforOperator",
                "Mia MeyerMember",
                "Gus GrantGuest",
                "Stef Stone",
                "Ines ItoAdmin",
            ]
        )
        menu.get_by_role("menuitemradio", name="Ines Ito").click()

        expect(page.get_by_title("Act as somebody else")).to_contain_text("Ines Ito")
        expect(page.get_by_title("Act as somebody else")).to_contain_text("Admin")
