from typing import Any, get_args

import pytest

from bot.sandbox.slack import seed
from bot.sandbox.slack.faults import SlackFault
from bot.sandbox.slack.simulator import SlackSimulator
from bot.sandbox.slack.unknowns import SlackUnknowns
from bot.slack.response_url import Outcome, RefusedAddressError, ResponseUrls
from tests.support.slack import texts

SLACK = "https://slack.com/api/"


def fresh_url(slack: SlackSimulator) -> str:
    return slack.issue_response_url(user=seed.MIA, channel=seed.GENERAL)


@pytest.mark.parametrize(
    "address",
    [
        "https://hooks.slack.com/commands/T1/2/abc",
        "https://HOOKS.slack.com:443/actions/T1/2/abc",
        "https://hooks.slack-gov.com/commands/T1/2/abc",
        "https://slack.com/commands/T1/2/abc?x=1",
    ],
)
def test_addresses_of_slack_are_accepted(address: str) -> None:
    assert repr(ResponseUrls(SLACK).accept(address)) == "ResponseUrl(…)"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "http://hooks.slack.com/commands/T1",
        "https://hooks.slack.com:8443/commands/T1",
        "https://hooks.slack.com.evil.example/commands/T1",
        "https://evil.example/hooks.slack.com/",
        "https://hooks.slack.com@evil.example/commands/T1",
        "https://evil.example\\@hooks.slack.com/commands/T1",
        "https://hooks.slack.com\\.evil.example/commands/T1",
        "https://hooks.slack.com\t.evil.example/commands/T1",
        "https://hooks.slack.com/commands/T1\r\nX: y",
        "https://hooks.slack.com:port/commands/T1",
        "https://[::1/commands/T1",
        "https://127.0.0.1/commands/T1",
        "http://127.0.0.1:80/commands/T1",
        "http://169.254.169.254/latest/meta-data/",
        "ftp://hooks.slack.com/commands/T1",
        "//hooks.slack.com/commands/T1",
        "https://hooks.slack.com/" + "x" * 1_000,
    ],
)
def test_all_others_are_refused(address: str) -> None:
    with pytest.raises(RefusedAddressError):
        ResponseUrls(SLACK).accept(address)


@pytest.mark.parametrize(
    ("api", "address", "is_good"),
    [
        ("http://127.0.0.1:9000/api/", "http://127.0.0.1:9000/commands/1", True),
        ("http://localhost:9000/api/", "http://localhost:9000/commands/1", True),
        ("http://127.0.0.1:9000/api/", "http://127.0.0.1:9001/commands/1", False),
        ("http://127.0.0.1:9000/api/", "http://localhost:9000/commands/1", False),
        ("https://slack.corp.example/api/", "https://slack.corp.example/commands/1", True),
        ("https://slack.corp.example:8443/api/", "https://slack.corp.example:8443/commands/1", False),
    ],
)
def test_the_api_of_the_settings_is_trusted_on_this_machine_as_it_is(api: str, address: str, *, is_good: bool) -> None:
    urls = ResponseUrls(api)
    try:
        urls.accept(address)
    except RefusedAddressError:
        assert not is_good
    else:
        assert is_good


class TestPosting:
    def test_a_post_is_delivered(self, slack: SlackSimulator) -> None:
        urls, url = ResponseUrls(slack.api_url), fresh_url(slack)

        outcome = urls.post(urls.accept(url), {"response_type": "ephemeral", "text": "ä"})

        assert outcome is Outcome.DELIVERED
        assert texts(slack) == ["ä"]
        urls.close()

    @pytest.mark.parametrize("form", get_args(SlackUnknowns.model_fields["response_url_refusal"].annotation))
    def test_an_answer_other_than_yes_is_a_refusal(self, slack: SlackSimulator, form: Any) -> None:
        slack.unknowns = SlackUnknowns(response_url_refusal=form)
        urls = ResponseUrls(slack.api_url)
        payload = {"response_type": "ephemeral", "text": "x", "blocks": [{}]}

        assert urls.post(urls.accept(fresh_url(slack)), payload) is Outcome.REFUSED
        assert urls.post(urls.accept(f"{slack.url}/nowhere"), payload) is Outcome.REFUSED
        assert urls.post(urls.accept(f"{slack.url}/api/chat.update"), {"channel": "C", "ts": "0"}) is Outcome.REFUSED
        assert texts(slack) == []
        urls.close()

    def test_a_channel_with_too_many_messages_is_busy(self, slack: SlackSimulator) -> None:
        urls, payload = ResponseUrls(slack.api_url), {"response_type": "in_channel", "text": "x"}

        outcomes = [urls.post(urls.accept(fresh_url(slack)), payload) for _ in range(2)]

        assert outcomes == [Outcome.DELIVERED, Outcome.BUSY]
        assert texts(slack) == ["x"]
        urls.close()

    def test_a_redirect_is_not_followed(self, slack: SlackSimulator) -> None:
        urls, moved, target = ResponseUrls(slack.api_url), fresh_url(slack), fresh_url(slack)
        path = moved.removeprefix(slack.url)
        slack.faults.add(SlackFault(kind="answer", path=path, status=307, headers={"Location": target}))

        outcome = urls.post(urls.accept(moved), {"response_type": "ephemeral", "text": "x"})

        assert outcome is Outcome.REFUSED
        assert [post.url for post in slack.posts] == [moved]
        urls.close()

    def test_no_answer_tells_nothing_of_the_address(
        self, slack: SlackSimulator, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("DEBUG")
        urls, url = ResponseUrls(slack.api_url, timeout_seconds=0.05), fresh_url(slack)
        accepted = urls.accept(url)

        for fault in (SlackFault(kind="reset", times=1), SlackFault(kind="slow", times=1, seconds=0.1)):
            slack.faults.add(fault)
            assert urls.post(accepted, {"response_type": "ephemeral", "text": "x"}) is Outcome.UNREACHABLE

        assert url.rpartition("/")[2] not in caplog.text
        urls.close()
