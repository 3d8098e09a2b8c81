"""What a failed call to Slack means, and so what to do about it.

Source: the error tables of https://docs.slack.dev/reference/methods/chat.postMessage and of the other methods in use.
"""

import re
from collections.abc import Mapping
from enum import StrEnum

from bot.errors import DeliveryError

_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500
_WORD = re.compile(r"[a-z][a-z0-9_]{0,79}")
_DEFAULT_WAIT_SECONDS = 30.0


class Kind(StrEnum):
    """What to do about a failure."""

    WAIT = "wait"
    """Too many requests: come back after the time Slack names."""
    RETRY = "retry"
    """Slack is not well, or its answer was lost. A write may have succeeded all the same."""
    CHANNEL = "channel"
    """This channel or person cannot be reached any more; others can."""
    OUR_BUG = "our_bug"
    """What we sent is wrong. Blocks are given up for text, so that the person still learns the result."""
    INSTALL_BROKEN = "install_broken"
    """The token or its scopes are not good; an operator has to act."""
    STATE = "state"
    """What we refer to has changed or is gone; send something new instead."""


_KINDS: Mapping[Kind, frozenset[str]] = {
    Kind.WAIT: frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"}),
    Kind.RETRY: frozenset(
        {
            "internal_error",
            "fatal_error",
            "service_unavailable",
            "request_timeout",
            "team_added_to_org",
            "org_login_required",
        }
    ),
    Kind.CHANNEL: frozenset(
        {
            "channel_not_found",
            "not_in_channel",
            "is_archived",
            "is_inactive",
            "no_permission",
            "messages_tab_disabled",
            "ekm_access_denied",
            "user_not_in_channel",
            "user_not_found",
            "users_not_found",
            "user_not_visible",
            "user_disabled",
            "cannot_dm_bot",
        }
    ),
    Kind.INSTALL_BROKEN: frozenset(
        {
            "invalid_auth",
            "not_authed",
            "account_inactive",
            "token_revoked",
            "token_expired",
            "missing_scope",
            "not_allowed_token_type",
            "team_access_not_granted",
            "enterprise_is_restricted",
        }
    ),
    Kind.STATE: frozenset(
        {
            "cant_update_message",
            "message_not_found",
            "edit_window_closed",
            "hash_conflict",
            "trigger_expired",
            "trigger_exchanged",
        }
    ),
}
_KIND_OF = {code: kind for kind, codes in _KINDS.items() for code in codes}


class SlackCallError(DeliveryError):
    """A call to Slack's Web API failed.

    Args:
        method: The method that was called.
        kind: What to do about it.
        code: Slack's error word; empty when there was none.
        retry_after_seconds: How long to wait; set for `Kind.WAIT` only.
        needed: The scope that is missing; empty when none is.
    """

    def __init__(
        self,
        method: str,
        *,
        kind: Kind,
        code: str = "",
        retry_after_seconds: float | None = None,
        needed: str = "",
    ) -> None:
        said = code or "no usable answer"
        missing = f" (the app needs the scope `{needed}`; reinstall it from the manifest)" if needed else ""
        super().__init__(
            f"Slack refused {method}: {said}{missing}." if code else f"Slack gave {said} to {method}.",
            permanent=kind not in {Kind.WAIT, Kind.RETRY},
            code=code,
            retry_after_seconds=retry_after_seconds,
        )
        self.method = method
        self.kind = kind


def failure_of(
    method: str, *, status: int | None, answer: Mapping[str, object], headers: Mapping[str, str]
) -> SlackCallError:
    """Return what an answer other than "ok" means.

    Args:
        method: The method that was called.
        status: The HTTP status; None when there was no answer.
        answer: The decoded body; empty when it was no JSON object.
        headers: Of the answer, with names in lower case.
    """
    code = str(answer.get("error", ""))
    code = code if _WORD.fullmatch(code) else ""  # slack_sdk puts a piece of a body that is no JSON here.
    kind = _kind(status, code)
    return SlackCallError(
        method,
        kind=kind,
        code=code,
        retry_after_seconds=_retry_after(headers) if kind is Kind.WAIT else None,
        needed=_scopes(answer.get("needed")) if code == "missing_scope" else "",
    )


def _kind(status: int | None, code: str) -> Kind:
    if status == _TOO_MANY_REQUESTS:
        return Kind.WAIT
    if status is None or status >= _SERVER_ERROR or not code:
        return Kind.RETRY
    if code.startswith("restricted_action"):
        return Kind.CHANNEL
    # A word we do not know is a case we have not thought of.
    return _KIND_OF.get(code, Kind.OUR_BUG)


def _retry_after(headers: Mapping[str, str]) -> float:
    try:
        return max(0.0, float(headers.get("retry-after", "")))
    except ValueError:
        return _DEFAULT_WAIT_SECONDS


def _scopes(needed: object) -> str:
    return ",".join(re.findall(r"[a-z_.:]+", str(needed)))
