"""What one does on the page again and again."""

import re

from playwright.sync_api import Locator, Page, expect


def composer(page: Page) -> Locator:
    """Return the box of the conversation."""
    return page.get_by_role("main").locator("textarea")


def say(page: Page, text: str) -> None:
    """Type a line into the composer and send it, leaving alone whatever is suggested."""
    box = composer(page)
    box.fill(text)
    box.press("Escape")
    box.press("Enter")


def say_in_thread(message: Locator, text: str) -> Locator:
    """Reply to a message in its thread, and return the thread's pane."""
    message.hover()
    message.get_by_role("button", name="Reply in thread").click()
    thread = message.page.get_by_role("complementary", name="Thread")
    box = thread.locator("textarea")
    box.fill(text)
    box.press("Enter")
    return thread


def subscribe(page: Page, pattern: str) -> None:
    """Subscribe the channel, and wait until it is."""
    say(page, f"/hub subscribe {pattern}")
    expect(page.get_by_role("article").filter(has_text="Subscribed:").filter(has_text=pattern).last).to_be_visible()


def push(page: Page, repository: str, tag: str, *, webhooks: int | None = None, grow_percent: int | None = None) -> str:
    """Push a new build with the panel, for its usual platforms; return the beginning of its digest."""
    form = _push_form(page, repository, tag, image="A new build", webhooks=webhooks)
    form.get_by_role("spinbutton", name="Grow by").fill("" if grow_percent is None else str(grow_percent))
    form.get_by_role("button", name="Push").click()
    return _digest(form, f"Pushed {repository}:{tag}")


def roll_back(page: Page, repository: str, tag: str, *, webhooks: int | None = None) -> str:
    """Let a tag point again at its image before, with the panel; return the beginning of that one's digest."""
    form = _push_form(page, repository, tag, image="The previous one", webhooks=webhooks)
    form.get_by_role("button", name="Roll back").click()
    return _digest(form, f"Rolled back {repository}:{tag}")


def announcements(page: Page, image: str) -> Locator:
    """Return the messages of the conversation that announce a push of an image, `repository:tag`."""
    messages = page.get_by_role("log").get_by_role("article")
    headline = page.get_by_role("link", name=image, exact=True)
    return messages.filter(has=headline).filter(has=page.get_by_role("button", name="Inspect"))


def _push_form(page: Page, repository: str, tag: str, *, image: str, webhooks: int | None) -> Locator:
    form = page.get_by_role("form", name="Push a tag")
    form.get_by_role("combobox", name="Repository").select_option(repository)
    form.get_by_role("combobox", name="Tag").fill(tag)
    form.get_by_role("combobox", name="Image").select_option(image)
    form.get_by_role("spinbutton", name="Webhooks").fill("" if webhooks is None else str(webhooks))
    return form


def _digest(form: Locator, done: str) -> str:
    status = form.get_by_role("status")
    expect(status).to_have_text(re.compile(f"^{re.escape(done)} [0-9a-f]{{12}}"))
    return f"sha256:{status.locator('code').inner_text()}"
