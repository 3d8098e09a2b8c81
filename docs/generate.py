"""Write what the documentation shows of the code: README tables, manifest.yml. `--check` only compares.

The generated parts of README.md stand between `<!-- NAME -->` and `<!-- /NAME -->`.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from bot.chat.help import command_table
from bot.settings import FILE_SUFFIX, Settings, is_secret
from bot.slack.manifest import manifest_yaml
from commands import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
MANIFEST = ROOT / "manifest.yml"


def settings_table() -> str:
    """Return the table of settings, in Markdown."""
    rows = ["| name | meaning | default |", "| --- | --- | --- |"]
    for field in Settings.model_fields.values():
        default = _default(field.default)
        mark = f" · or `{field.alias}{FILE_SUFFIX}`" if is_secret(field) else ""
        rows.append(f"| `{field.alias}`{mark} | {field.description} | {default} |")
    return "\n".join(rows)


def _default(value: object) -> str:
    shown = value.get_secret_value() if hasattr(value, "get_secret_value") else value
    return f"`{shown}`" if isinstance(shown, str | int) and not isinstance(shown, bool) else ""


def generated() -> Iterator[tuple[Path, str]]:
    """Yield each file with the text it should have."""
    text = README.read_text(encoding="utf-8")
    for name, table in (("commands", command_table(COMMANDS)), ("settings", settings_table())):
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(\n<!-- /{name} -->)", re.DOTALL)
        text, count = pattern.subn(lambda found, table=table: found[1] + table + found[2], text)
        if count != 1:
            raise SystemExit(f"README.md has {count} places for the {name}; one is expected")
    yield README, text
    yield MANIFEST, manifest_yaml(None)


def main() -> int:
    """Write the files, or with `--check` report the ones that are out of date; return the exit status."""
    stale = [path for path, text in generated() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.name} is out of date: run `make docs`")
        return bool(stale)
    for path, text in generated():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
