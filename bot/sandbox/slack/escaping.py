r"""What a typed line becomes on its way to an app, and back.

Source: https://docs.slack.dev/interactivity/implementing-slash-commands ("Escape channels, users, and links") and
https://docs.slack.dev/messaging/formatting-message-text

>>> escape("a < b & c")
'a &lt; b &amp; c'
"""

import re
from collections.abc import Iterator, Mapping

from bot.sandbox.slack.state import Conversation, Person, WorkspaceState

NBSP = "\N{NO-BREAK SPACE}"
BROADCASTS = frozenset({"here", "channel", "everyone"})
ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# Slack links what looks like an address. It knows all top-level domains; these are the likely ones near images.
TOP_LEVEL_DOMAINS = "com|org|net|io|dev|app|cloud|co|ai|de|fr|uk|us|eu|info|biz|sh|me|example"

# Neither begins in the middle of a word: a line of forty thousand letters must not take a minute.
_URL = r"(?P<url>(?i:https?)://[^\s<>|]*[^\s<>|.,;:!?)\]}'\"])"
_EMAIL = r"(?<![\w.+-])(?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,})(?![\w@])"
_DOMAIN = (
    rf"(?<![\w@./:-])(?P<domain>(?i:(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:{TOP_LEVEL_DOMAINS}))"
    r"(?![\w.-]*[\w-])(?::\d+)?(?:/[^\s<>|]*[^\s<>|.,;:!?)\]}'\"])?/?)"
)
_CHANNEL = r"(?<![\w#&])#(?P<channel>[\w-]+)"
_MARKUP = re.compile(r"<(?P<target>[^<>|]+)(?:\|(?P<label>[^<>]*))?>")


def escape(text: str) -> str:
    """Return text with the three characters escaped that would begin Slack's own markup."""
    return "".join(ENTITIES.get(character, character) for character in text)


def unescape(text: str) -> str:
    """Return text with those three, and only those, decoded once."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def escaped_line(text: str, state: WorkspaceState, *, viewer: str, with_names: bool = False) -> str:
    """Return a line as an app gets it: mentions, channels, links and e-mail addresses in `<…>`, the rest escaped.

    Args:
        text: As typed.
        state: Whose people, groups and channels are known by name.
        viewer: Who typed; a channel that is private, or that this user does not see, loses its name.
        with_names: Whether people and groups keep theirs, as in `<@U012ABCDEF|ana>`.
    """
    names = dict(_mentionable(state, with_names=with_names))
    pattern = re.compile("|".join((_URL, _EMAIL, _DOMAIN, _CHANNEL, _mention_of(names))))
    parts, end = [], 0
    for match in pattern.finditer(text):
        parts += [escape(text[end : match.start()]), _marked_up(match, names, state, viewer)]
        end = match.end()
    return "".join([*parts, escape(text[end:])])


def mentioned_users(text: str) -> set[str]:
    """Return the ids of the people whom an escaped line mentions."""
    targets = (match["target"] for match in _MARKUP.finditer(text))
    return {target[1:] for target in targets if target.startswith("@")}


def smart_typing(text: str) -> str:
    """Return what a client with smart punctuation makes of a line while it is typed.

    Straight quotes become curly, two hyphens a dash, and the space after a picked mention and the first of several
    spaces one that does not break.
    """
    text = re.sub(r"--+", "\N{EM DASH}", text)
    text = re.sub(r'(^|[\s(\[{\N{EM DASH}])"', "\\1\N{LEFT DOUBLE QUOTATION MARK}", text)
    text = re.sub(r"(^|[\s(\[{\N{EM DASH}])'", "\\1\N{LEFT SINGLE QUOTATION MARK}", text)
    text = text.replace('"', "\N{RIGHT DOUBLE QUOTATION MARK}").replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")
    text = re.sub(r"(?<!\S)(@[\w.-]+) ", f"\\1{NBSP}", text)
    return re.sub(r" (?= )", NBSP, text)


def typed_form(text: str, state: WorkspaceState) -> str:
    """Return an escaped line as people would have typed it, for showing."""
    return unescape(_MARKUP.sub(lambda match: _shown(match["target"], match["label"], state), text))


def _mentionable(state: WorkspaceState, *, with_names: bool) -> Iterator[tuple[str, str]]:
    """Yield every name that can follow an @, in lower case, with what it becomes; later ones go first."""
    with state.lock:
        people, groups = list(state.people.values()), list(state.usergroups.values())
    for person in people:
        suffix = f"|{person.name}" if with_names else ""
        yield person.real_name.lower(), f"<@{person.id}{suffix}>"
    for person in people:
        suffix = f"|{person.name}" if with_names else ""
        yield person.name.lower(), f"<@{person.id}{suffix}>"
    for group in groups:
        suffix = f"|@{group.handle}" if with_names else ""
        yield group.handle.lower(), f"<!subteam^{group.id}{suffix}>"
    for name in sorted(BROADCASTS):
        yield name, f"<!{name}>"


def _mention_of(names: Mapping[str, str]) -> str:
    # The longest first: `@Ana Alvarez` must not stop at `@Ana`.
    alternatives = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True) if name)
    return rf"(?<![\w@])@(?P<mention>(?i:{alternatives}))(?![\w-])"


def _marked_up(match: re.Match[str], names: Mapping[str, str], state: WorkspaceState, viewer: str) -> str:
    if match["url"]:
        return f"<{escape(match['url'])}>"
    if match["email"]:
        return f"<mailto:{match['email']}|{match['email']}>"
    if match["domain"]:
        shown = escape(match["domain"])
        return f"<http://{shown}|{shown}>"
    if match["mention"]:
        return names[match["mention"].lower()]
    channel = state.conversation_named(match["channel"])
    return escape(match[0]) if channel is None else _marked_up_channel(channel, state, viewer)


def _marked_up_channel(channel: Conversation, state: WorkspaceState, viewer: str) -> str:
    is_open = channel.kind == "public" and state.can_see(viewer, channel)
    return f"<#{channel.id}|{channel.name if is_open else ''}>"


def _shown(target: str, label: str | None, state: WorkspaceState) -> str:
    kind, rest = target[0], target[1:]
    if kind == "@":
        return f"@{_name_of(state.people.get(rest), label or rest)}"
    if kind == "#":
        channel = state.conversations.get(rest)
        return f"#{channel.name if channel else label or rest}"
    if rest.startswith("subteam^"):
        group = state.usergroups.get(rest.removeprefix("subteam^"))
        return f"@{group.handle if group else (label or rest).removeprefix('@')}"
    if kind == "!":
        return label or f"@{rest}"
    return label or target.removeprefix("mailto:")


def _name_of(person: Person | None, otherwise: str) -> str:
    return person.name if person else otherwise
