"""Docker Hub's automated builds, by a trigger URL of the first kind.

It answers 200 and `OK`, also when it builds nothing: while a build is waiting, within five minutes of the last one,
and sometimes for no reason that anybody knows.

Source: the page on automated builds in the history of https://github.com/docker/docs;
https://github.com/docker/hub-feedback/issues/931 and https://github.com/docker/hub-feedback/issues/966.
"""

import re
from urllib.parse import urlencode

from pydantic import JsonValue, SecretStr

from bot.builds.model import Order, Prepared, Ref, Setup
from bot.builds.providers.calling import FORM, MASK, Party, is_pending, warning_of
from bot.builds.providers.provider import BuildError, Refusal, SetupError
from bot.builds.providers.trigger_urls import TriggerUrl, TriggerUrlProvider, json_or_nothing
from bot.hub.failures import clean
from bot.hub.protocol import Answer

EMPTY_PROMISE = "Docker Hub answers this also when it builds nothing."

_FORM = re.compile(
    r"(?P<origin>https?://[^/?#\s]+)/u/(?P<repository>[^/?#\s]+/[^/?#\s]+)/trigger/(?P<token>[0-9A-Fa-f-]{16,64})/?"
)
_EXPECTED = (
    f"A trigger URL of the first kind is expected, like `https://registry.hub.docker.com/u/acme/api/trigger/{MASK}/`."
)
_EVERYTHING: dict[str, JsonValue] = {"build": "true"}
_LONGEST_READ = 4_096
_LONGEST_SHOWN = 100


class Classic(TriggerUrlProvider):
    """Implements `bot.builds.providers.provider.Provider`. The secret is the trigger URL."""

    def prepare(self, setup: Setup, order: Order, secret: SecretStr) -> Prepared:
        """Return the call that `trigger` will make: a form for everything, JSON for all else.

        Raises:
            SetupError: The secret is no trigger URL of this repository, or its host may not be called.
        """
        prepared = super().prepare(setup, order, secret)
        if order.ref is not Ref.ALL:
            return prepared
        return prepared.model_copy(update={"headers": {"Content-Type": FORM}, "body": _EVERYTHING})

    def _take_apart(self, setup: Setup, secret: SecretStr) -> TriggerUrl:
        text = secret.get_secret_value().strip()
        found = _FORM.fullmatch(text)
        if found is None:
            raise SetupError("secret", _EXPECTED)
        if found["repository"].lower() != setup.repository.lower():
            raise SetupError("secret", f"That trigger URL is another repository's than `{setup.repository}`.")
        url = text.rstrip("/") + "/"
        masked = f"{found['origin']}/u/{found['repository']}/trigger/{MASK}/"
        return TriggerUrl(SecretStr(url), masked, (url, found["token"]))

    def _encode(self, body: JsonValue) -> bytes | None:
        return urlencode(_EVERYTHING).encode() if body == _EVERYTHING else json_or_nothing(body)

    def _judge(self, answer: Answer, party: Party) -> str:
        said = clean(answer.body[:_LONGEST_READ].decode(errors="replace"), party.secrets)
        if is_pending(said):
            sentence = f"Docker Hub says: {said.rstrip('.')}. This request was ignored."
            raise BuildError(Refusal.PENDING, sentence, status=answer.status)
        quote = said if 0 < len(said) <= _LONGEST_SHOWN else "a success"
        return warning_of(answer, party.name) or f"Docker Hub answered: {quote}. {EMPTY_PROMISE}"
