import pytest

from bot.slack.response_url import Outcome, RefusedAddressError, ResponseUrls
from tests.support.fake_slack import FakeSlack

SLACK = "https://slack.com/api/"


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
    def test_a_post_is_delivered(self, slack: FakeSlack) -> None:
        urls, url = ResponseUrls(slack.api_url), slack.response_url()

        outcome = urls.post(urls.accept(url.address), {"response_type": "ephemeral", "text": "ä"})

        assert outcome is Outcome.DELIVERED
        assert url.seen == ["ä"]
        urls.close()

    def test_an_answer_other_than_yes_is_a_refusal(self, slack: FakeSlack) -> None:
        urls, url = ResponseUrls(slack.api_url), slack.response_url()
        url.refuses_blocks = True
        payload = {"response_type": "ephemeral", "text": "x", "blocks": [{}]}

        assert urls.post(urls.accept(url.address), payload) is Outcome.REFUSED
        assert urls.post(urls.accept(f"{slack.origin}/redirect"), payload) is Outcome.REFUSED
        assert urls.post(urls.accept(f"{slack.origin}/api/chat.update"), {"channel": "C", "ts": "0"}) is Outcome.REFUSED
        urls.close()

    def test_a_redirect_is_not_followed(self, slack: FakeSlack) -> None:
        urls, target = ResponseUrls(slack.api_url), slack.response_url()
        slack.redirects["/moved"] = target.address

        outcome = urls.post(urls.accept(f"{slack.origin}/moved"), {"response_type": "ephemeral", "text": "x"})

        assert outcome is Outcome.REFUSED
        assert not target.uses
        urls.close()

    def test_no_answer_tells_nothing_of_the_address(self, slack: FakeSlack, caplog: pytest.LogCaptureFixture) -> None:
        urls, url = ResponseUrls(slack.api_url, timeout_seconds=0.05), slack.response_url()
        url.resets = 1
        accepted = urls.accept(url.address)

        assert urls.post(accepted, {"response_type": "ephemeral", "text": "x"}) is Outcome.UNREACHABLE
        url.delay_seconds = 0.1
        assert urls.post(accepted, {"response_type": "ephemeral", "text": "x"}) is Outcome.UNREACHABLE
        assert "s3cr3t" not in caplog.text
        urls.close()
