"""What a secret looks like, and how it is kept out of everything that is written or said."""

import re

_MASK = "[redacted]"
_SECRET_FORMS = (
    r"xox[abeprs](?:\.xox[a-z])?-[A-Za-z0-9-]+",  # Slack's bot, user, refresh and rotating tokens.
    r"xapp-[A-Za-z0-9-]+",
    r"(?i:dckr_[a-z]+_[a-z0-9_-]+)",  # Docker Hub's personal and organization access tokens.
    r"\b(?:gh[oprsu]|github_pat)_[A-Za-z0-9_]{8,}",  # GitHub's, of all kinds.
    # GitLab's access, trigger, deploy, job, runner, feed, mail, agent and feature-flag tokens.
    r"\bgl(?:pat|ptt|dt|cbt|rt|rtr|ft|imt|agent|soat|ffct|oas)-[A-Za-z0-9_.-]{8,}",
    r"eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)*",  # A JWT, as Docker Hub issues them; also one that was cut off.
    r"\bgAAAA[A-Za-z0-9_-]{16,}={0,2}",  # A secret at rest.
    r"(?:(?<=[?&]code=)|(?<=[?&]token=)|(?<=[?&]private_token=)|(?<=[?&]access_token=))[^&\s\"']+",
    r"(?<=://)[^/?#\s\"'@:]*:[^/\s\"'@]+(?=@)",  # A user with a password, in front of a host.
    r"https?://hooks\.slack(?:-gov)?\.com/[^\s\"'<>]+",
    r"(?<=/webhooks/dockerhub/)[^/\s\"'?]+",
    r"(?<=/trigger/)[0-9a-fA-F-]{16,}",  # Of Docker Hub's trigger URLs, today's and the classic ones.
    r"(?i:(?<=bearer )|(?<=basic )|(?<=jwt ))[A-Za-z0-9+/=._~-]{8,}",
    r"(?:v[0-9]|sha256)=[0-9a-f]{64}",  # A request's signature: Slack's, and ours.
)
_SECRETS = re.compile("|".join(_SECRET_FORMS))


def redact(text: str) -> str:
    """Return the text with everything that looks like a secret masked."""
    return _SECRETS.sub(_MASK, text)
