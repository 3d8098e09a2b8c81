"""What the simulated Slack was told of pushes, looked up by the names of tags that only the benchmarks push."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from bot.sandbox.slack.simulator import SlackSimulator
from tests.support.slack import said

POST, CHANGE = "chat.postMessage", "chat.update"
_TAG = re.compile(r"\bx[0-9]+x\b")


def tag_name(number: int) -> str:
    """Return a tag's name that nothing else is called by."""
    return f"x{number:06d}x"


@dataclass(frozen=True)
class Told:
    """What there is in Slack.

    Attributes:
        tags: By channel, in how many messages each tag is named. A file belongs to the message above it.
        messages: By channel, how many messages there are, files not counted.
        changes: How often a message was changed.
        refused: How often Slack refused a call because it came too early, by method.
        files: How many there are.
        twice: How many messages are in Slack more than once, by the id in their metadata.
    """

    tags: Mapping[str, Counter[str]]
    messages: Mapping[str, int]
    changes: int
    refused: Counter[str]
    files: int
    twice: int


def look(slack: SlackSimulator) -> Told:
    """Return what there is in Slack by now."""
    tags: dict[str, Counter[str]] = {}
    messages: Counter[str] = Counter()
    ids: Counter[str] = Counter()
    files = 0
    for channel in slack.state.conversations:
        named: dict[str, set[str]] = {}
        for message in said(slack, channel):
            content = [file.content or b"" for each in message.files if (file := slack.state.files.get(each))]
            words = message.text + json.dumps(list(message.blocks)) + b"".join(content).decode()
            files += len(content)
            # What is named in a message and in the file below it is told once.
            named.setdefault(message.thread_ts or message.ts, set()).update(_TAG.findall(words))
            if not content:
                messages[channel] += 1
            if message.metadata:
                ids[message.metadata["event_payload"]["message_id"]] += 1
        tags[channel] = Counter(tag for of_message in named.values() for tag in of_message)
    calls = slack.calls
    return Told(
        tags=tags,
        messages=messages,
        changes=sum(1 for call in calls if call.method == CHANGE and (call.answer or {}).get("ok")),
        refused=Counter(call.method for call in calls if call.status == 429),
        files=files,
        twice=sum(count - 1 for count in ids.values()),
    )
