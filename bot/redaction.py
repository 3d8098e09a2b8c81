"""What a secret looks like, and how it is kept out of everything that is written or said."""

import re

_MASK = "[redacted]"
_SECRET_FORMS = (
    r"xox[abeprs](?:\.xox[a-z])?-[A-Za-z0-9-]+",  # Slack's bot, user, refresh and rotating tokens.
    r"xapp-[A-Za-z0-9-]+",
    r"(?i:dckr_[a-z]+_[a-z0-9_-]+)",  # Docker Hub's personal and organization access tokens.
    r"eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)*",  # A JWT, as Docker Hub issues them; also one that was cut off.
    r"(?<=[?&]code=)[^&\s\"']+",
    r"https?://hooks\.slack(?:-gov)?\.com/[^\s\"'<>]+",
    r"(?<=/webhooks/dockerhub/)[^/\s\"'?]+",
    r"(?<=/trigger/)[0-9a-fA-F-]{16,}",
    r"(?i:(?<=bearer )|(?<=basic )|(?<=jwt ))[A-Za-z0-9+/=._~-]{8,}",
    r"v0=[0-9a-f]{64}",  # A request's signature.
)
_SECRETS = re.compile("|".join(_SECRET_FORMS))


def redact(text: str) -> str:
    """Return the text with everything that looks like a secret masked."""
    return _SECRETS.sub(_MASK, text)
