import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_the_generated_parts_of_the_documentation_are_up_to_date() -> None:
    checked = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_what_the_documents_point_at_is_there() -> None:
    pointed_at = {
        (document.name, target)
        for document in ROOT.glob("*.md")
        for target in re.findall(r"\]\(([^)#]+)", document.read_text(encoding="utf-8"))
        if not target.startswith("https://")
    }

    assert ("README.md", "docs/tour-tags.png") in pointed_at
    assert [each for each in sorted(pointed_at) if not (ROOT / each[1]).exists()] == []
