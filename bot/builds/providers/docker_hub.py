"""Docker Hub's automated builds, by a trigger URL of today.

Any 2xx is a success, and the body of the answer means nothing.

Source: https://github.com/docker/hub-feedback/issues/2090 for the answer,
https://github.com/docker/hub-feedback/issues/2270 for that an empty body is fine; the address as several clients send
it.
"""

# ruff: noqa: ARG002 - One form for every provider; not each of them needs all that it is given.

import re

from pydantic import JsonValue, SecretStr

from bot.builds.model import Setup
from bot.builds.providers.calling import MASK, Party, warning_of
from bot.builds.providers.provider import SetupError
from bot.builds.providers.trigger_urls import TriggerUrl, TriggerUrlProvider, json_or_nothing
from bot.hub.protocol import Answer

_UUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_FORM = re.compile(
    rf"(?P<origin>https?://[^/?#\s]+)/api/build/v1/source/(?P<source>{_UUID})/trigger/(?P<trigger>{_UUID})/call/?"
)
_EXPECTED = (
    "A trigger URL of Docker Hub is expected, like "
    f"`https://hub.docker.com/api/build/v1/source/{MASK}/trigger/{MASK}/call/`. "
    "Docker Hub shows it among the build triggers of the repository."
)


class DockerHub(TriggerUrlProvider):
    """Implements `bot.builds.providers.provider.Provider`. The secret is the trigger URL."""

    def _take_apart(self, setup: Setup, secret: SecretStr) -> TriggerUrl:
        text = secret.get_secret_value().strip()
        found = _FORM.fullmatch(text)
        if found is None:
            raise SetupError("secret", _EXPECTED)
        url = text.rstrip("/") + "/"
        masked = f"{found['origin']}/api/build/v1/source/{MASK}/trigger/{MASK}/call/"
        return TriggerUrl(SecretStr(url), masked, (url, found["source"], found["trigger"]))

    def _encode(self, body: JsonValue) -> bytes | None:
        return json_or_nothing(body)

    def _judge(self, answer: Answer, party: Party) -> str:
        return warning_of(answer, party.name)
