"""From the text a person typed to words, and from words to a command's parameters.

Slack's clients rewrite what people type: quotes become typographic, two hyphens become a dash, image names that look
like addresses are wrapped as links. All of that is undone here, before anything is understood; nothing is refused for
it. Source: https://docs.slack.dev/interactivity/implementing-slash-commands and
https://docs.slack.dev/messaging/formatting-message-text
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import click

from bot.errors import UsageError
from bot.words import nearest, quoted

LONGEST_TEXT = 2_000

_CURLY_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "‟": '"', "‘": "'", "’": "'", "‚": "'", "‛": "'"})
_SPACES = re.compile(r"[\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\t\r\n\v\f]")
# Zero-width and direction marks: nobody sees them, and a name that holds one matches nothing. And halves of characters.
_INVISIBLE = re.compile(r"[\ud800-\udfff\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
_WRAPPED = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")
_LONG_DASH_OPTION = re.compile(
    r"(?<!\S)(?:-?[\u2010-\u2015\u2212]|[\u2010-\u2015\u2212]-?)[\u2010-\u2015\u2212]?(?=[A-Za-z])"
)
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
_ENTITY = re.compile("|".join(_ENTITIES))


def normalise(text: str) -> str:
    """Undo what Slack and its clients did to the text, so that it reads as it was typed.

    Typographic quotes become straight, long dashes before an option become `--`, special spaces become blanks,
    invisible marks vanish, `<…|…>` wrappers give what they stood for, and backticks go.
    """
    straight = _INVISIBLE.sub("", _SPACES.sub(" ", text)).translate(_CURLY_QUOTES)
    unwrapped = _ENTITY.sub(lambda found: _ENTITIES[found.group()], _WRAPPED.sub(_unwrap, straight))
    return _LONG_DASH_OPTION.sub("--", unwrapped.replace("`", "")).strip()


def _unwrap(found: re.Match[str]) -> str:
    target, label = found.group(1), found.group(2)
    if target.startswith(("@", "#", "!")):
        return target
    return label or target.removeprefix("mailto:")


def split_words(text: str) -> list[str]:
    """Split normalised text into words as a shell would.

    A quotation mark without its partner is an apostrophe, not an error.
    """
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def parse_parameters(
    name: str, parameters: Sequence[click.Parameter], words: Sequence[str], *, example: str
) -> Mapping[str, Any]:
    """Read a command's words into the values of its parameters, by parameter name. Calls nothing.

    Raises:
        UsageError: The words do not fit: what is wrong, the nearest right option, and the example given.
    """
    reader = click.Command(name, params=list(parameters), add_help_option=False)
    try:
        context = reader.make_context(name, list(words), help_option_names=[], allow_extra_args=True)
    except click.ClickException as error:
        raise _usage_error(name, parameters, words, error, example=example) from error
    if context.args:
        raise UsageError(f"`{name}` does not know what to do with {quoted(context.args[0])}.", example=example)
    return context.params


def _usage_error(
    name: str,
    parameters: Sequence[click.Parameter],
    words: Sequence[str],
    error: click.ClickException,
    *,
    example: str,
) -> UsageError:
    match error:
        case click.NoSuchOption():
            options = [option for parameter in parameters for option in parameter.opts if option.startswith("--")]
            typed = _typed_option(error.option_name, words)
            problem = f"`{name}` has no option {quoted(typed)}."
            return UsageError(problem, suggestion=nearest(typed, options), example=example)
        case click.BadOptionUsage():
            # Of the two ways to misuse an option, Click tells which one it is only in its words.
            takes_value = "requires" in error.message
            problem = f"`{error.option_name}` {'needs a value' if takes_value else 'does not take a value'}."
            return UsageError(problem, example=example)
        case click.MissingParameter():
            return UsageError(f"`{name}` needs {_described(error.param)}.", example=example)
        case click.BadParameter():
            problem = _sentence(f"{_described(error.param)}: {error.message}")
            return UsageError(problem, suggestion=_nearest_choice(error.param, words), example=example)
        case _:
            return UsageError(_sentence(f"`{name}`: {error.format_message()}"), example=example)


def _typed_option(name: str, words: Sequence[str]) -> str:
    """Return the word that was typed. Click reads `-all` as three short options and complains of `-a`."""
    return next((word for word in words if word.startswith(name)), name).partition("=")[0]


def _nearest_choice(parameter: click.Parameter | None, words: Sequence[str]) -> str:
    """Return the option with the value that is most like the one that was typed; empty where none is like it."""
    if not isinstance(parameter, click.Option) or not isinstance(parameter.type, click.Choice):
        return ""
    for number, word in enumerate(words):
        option, is_pair, value = word.partition("=")
        if option in parameter.opts:
            typed = value if is_pair else "".join(words[number + 1 : number + 2])
            found = nearest(typed, map(str, parameter.type.choices))
            return f"{option} {found}" if found else ""
    return ""


def _described(parameter: click.Parameter | None) -> str:
    if parameter is None:
        return "another word"
    if isinstance(parameter, click.Option):
        return f"`{parameter.opts[0]}`"
    return f"<{parameter.human_readable_name.lower()}>"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."
