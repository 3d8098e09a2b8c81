"""What one does on the page again and again."""

from playwright.sync_api import Locator, Page


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
