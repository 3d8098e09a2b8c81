"""How GitHub reads the times that a search asks for.

Source: https://docs.github.com/en/search-github/getting-started-with-searching-on-github/understanding-the-search-syntax
"""

import re
from datetime import UTC, datetime, timedelta


def is_within_search(moment: datetime, search: str) -> bool:
    """Tell whether a time is one of those searched for: `>=T`, `<T`, `T..U`, `T`, where T is a time or a day."""
    if not search:
        return True
    # Answers show whole seconds, and so does the search.
    moment = moment.replace(microsecond=0)
    match = re.fullmatch(r"(?P<sign>[<>]=?|)(?P<since>.+?)(?:\.\.(?P<until>.+))?", search)
    since, until = (_parsed(match[name]) for name in ("since", "until")) if match else (None, None)
    if match is None or since is None:
        return False
    if match["until"]:
        return since[0] <= moment and (match["until"] == "*" or (until is not None and moment < until[1]))
    signs = {
        "": since[0] <= moment < since[1],
        ">": moment >= since[1],
        ">=": moment >= since[0],
        "<": moment < since[0],
        "<=": moment < since[1],
    }
    return signs[match["sign"]]


def _parsed(text: str | None) -> tuple[datetime, datetime] | None:
    """Return beginning and end of a second or a day; None: that is neither."""
    try:
        since = datetime.fromisoformat(text or "").replace(microsecond=0)
    except ValueError:
        return None
    is_day = "T" not in (text or "")
    since = since if since.tzinfo else since.replace(tzinfo=UTC)
    return since, since + (timedelta(days=1) if is_day else timedelta(seconds=1))
