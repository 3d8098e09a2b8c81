"""`hub-bot demo` as a process: what it says, what it starts, and how it ends."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from bot.sandbox.httpd import Answer as HttpAnswer
from bot.sandbox.httpd import HttpServer, free_port
from tests.support.demo import RunningDemo, running_demo
from tests.support.waiting import wait_until


def answer_to(demo: RunningDemo, line: str, *, user: str = "U0ANA", channel: str = "C0DEPLOYS") -> str:
    """Type a line and return the text of what the person alone sees next."""
    known = {each["ts"] for each in demo.seen_by(user)["messages"]}
    assert demo.post("/act", {"as": user, "do": "type", "channel": channel, "text": line}) == {"ok": True}

    def new() -> list[str]:
        messages = demo.seen_by(user)["messages"]
        return [each["text"] for each in messages if each["ts"] not in known and each["is_ephemeral"]]

    wait_until(new)
    return new()[-1]


@pytest.mark.parametrize("options", [(), ("--socket",)])
def test_it_says_what_to_try_and_what_it_says_works(options: tuple[str, ...]) -> None:
    with running_demo(*options) as demo:
        suggested = [line.strip() for line in demo.said.splitlines() if line.startswith("  /hub")]

        tags, subscribe, diff, trigger, stale, cves, digest, delete = (
            answer_to(demo, re.split(r"\s{2,}", line)[0]) for line in suggested
        )

        assert demo.said.startswith(f"Hub Bot is ready: open {demo.url}\n")
        assert demo.said.count("http://") == 1
        assert tags.startswith("*Tags of acme/api*")
        assert subscribe.startswith("Subscribed: `acme/api`")
        assert "acme/api:latest → acme/api:edge" in diff
        assert "acme/api (branch main)" in trigger
        assert "stale" in stale
        assert cves.startswith("*Vulnerabilities of acme*")
        assert "by now" in digest or "morning" in digest
        assert delete.startswith("*Delete ")
        assert demo.seen_by("U0ANA")["bot"] == {"state": "up", "transport": "socket" if options else "http"}


@pytest.mark.parametrize("options", [(), ("--socket",)])
def test_the_bot_hears_of_what_is_pushed(options: tuple[str, ...]) -> None:
    """Also in Socket Mode, where only Docker Hub calls it over HTTP."""
    with running_demo(*options) as demo:
        order = {"do": "push_tag", "repository": "acme/web", "tag": "latest", "platforms": ["linux/amd64"]}
        assert demo.post("/hub", order)["webhooks"] == 1

        wait_until(lambda: demo.seen_by("U0ANA")["hub"]["webhooks_sent"])
        assert demo.seen_by("U0ANA")["hub"]["webhooks_failed"] == 0


def test_ctrl_c_ends_everything_quietly() -> None:
    with running_demo() as demo:
        status, errors = demo.stop()

        assert (status, errors) == (0, "")
        with pytest.raises(requests.ConnectionError):
            requests.get(demo.url, timeout=1)


def test_ctrl_c_in_a_terminal_reaches_the_bot_too_and_nobody_complains() -> None:
    """A terminal interrupts the whole process group, so that the bot hears of it twice."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "demo"],
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("Hub Bot is ready")

    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=20)

    assert (process.returncode, errors) == (0, "")


def test_an_interrupt_during_the_start_ends_it_too() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "demo"],
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(
        lambda: Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    )  # The bot is being started.

    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)

    assert (process.returncode, errors) == (0, "")


def test_two_demos_at_once_get_a_page_each() -> None:
    with running_demo() as first, running_demo() as second:
        assert first.url != second.url
        assert answer_to(second, "/hub inspect acme/web").startswith("*acme/web:latest*")


def test_a_port_in_use_is_said_and_nothing_is_started() -> None:
    with running_demo("--port", str(free_port())) as demo:
        port = demo.url.rpartition(":")[2]
        finished = demo_that_ends("--port", port)

    assert finished.returncode == 2
    assert finished.stderr == f"Port {port} is in use by another program. Leave --port out, and a free one is found.\n"


def test_it_takes_nothing_from_the_environment() -> None:
    """A demo that is started where the real bot is configured must not reach the real services."""
    calls: list[str] = []

    def real_service(request: Any) -> HttpAnswer:
        calls.append(request.path)
        return HttpAnswer(500)

    real = HttpServer(real_service)
    real.start()
    origin = f"http://127.0.0.1:{real.port}"
    environment: Mapping[str, str] = {
        "DOCKERHUB_URL": origin,
        "DOCKERHUB_TOKEN": "a-real-token",
        "DOCKERHUB_TOKEN_FILE": "/nowhere",
        "SLACK_API_URL": f"{origin}/api/",
        "SLACK_BOT_TOKEN": "xoxb-a-real-token",
        "SLACK_CLIENT_ID": "1.2",
        "HUB_BOT_NONSENSE": "1",
        "PORT": "1",
        "HTTPS_PROXY": origin,
        "https_proxy": origin,
        "HTTP_PROXY": origin,
    }

    with running_demo(environment=environment) as demo:
        answer = answer_to(demo, "/hub inspect acme/web")
    real.stop()

    assert answer.startswith("*acme/web:latest*")
    assert calls == []


def test_the_bot_follows_the_time_of_the_page() -> None:
    """A command signed tomorrow is not taken for a forgery, and what is pushed then is new."""
    with running_demo() as demo:
        demo.post("/clock", {"as": "U0ANA", "to": "tomorrow 09:00"})
        demo.post("/hub", {"do": "push_tag", "repository": "acme/web", "tag": "tomorrow", "platforms": ["linux/amd64"]})

        answer = answer_to(demo, "/hub tags acme/web --limit 1")

        assert "tomorrow" in answer
        assert "dispatch_failed" not in answer


def test_a_bot_that_dies_ends_the_demo_with_its_last_words() -> None:
    with running_demo("--port", str(free_port())) as demo:
        os.kill(demo.bot_pid(), signal.SIGKILL)

        status, errors = demo.wait()

    assert status == 1
    assert errors.startswith("The bot ended by itself. The end of its log:\n")
    assert "web_server_started" in errors


def demo_that_ends(*options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "bot", "demo", *options],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
