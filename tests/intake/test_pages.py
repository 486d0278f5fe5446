"""What the documents say is there: links, headings, pictures, commands, reasons."""

import re
import unicodedata
from pathlib import Path

import pytest
import typer

from intake.__main__ import app
from notifier.held_reasons import HELD_REASONS

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("config/**/*.md")])
#: What an admin types from: each command that they name must be one.
GUIDES = [
    *ROOT.glob("docs/vi/*.md"),
    ROOT / "docs" / "backup.md",
    ROOT / "docs" / "upgrade.md",
    ROOT / "docs" / "many-machines.md",
]
#: `intake [--config DIR] COMMAND …`; not the user, the group, the unit or the folder of that name.
CALL = re.compile(
    r"(?:^|[`(\s]|/bin/)intake(?: --config \S+)? (?!intake\b)([a-z]+(?:-[a-z]+)*)\b(?!=)"
    r"([^\n`|;&]*)",
    re.MULTILINE,
)


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """The headings of a page, as GitHub makes anchors of them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", unicodedata.normalize("NFC", one).lower()) for one in headings)
    return {one.strip().replace(" ", "-") for one in plain}


def outside_code(text: str) -> str:
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", outside_code(page.read_text(encoding="utf-8"))):
        path, _, anchor = link.partition("#")
        if path.startswith(("http:", "https:", "mailto:")):
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or target.suffix != ".md" or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_picture_is_one_that_dev_pictures_makes(page: Path) -> None:
    made = re.findall(
        r'yield \(?\s*"([\w-]+\.png)"', (ROOT / "tests" / "pictures.py").read_text("utf-8")
    )
    for source in re.findall(r'<img src="([^"]+)"[^>]*>', page.read_text(encoding="utf-8")):
        path = (page.parent / source).resolve()
        assert path.parent == ROOT / "docs" / "images"
        assert path.name in made


def test_every_picture_has_words_for_those_who_cannot_see_it() -> None:
    for page in PAGES:
        for tag in re.findall(r"<img [^>]*>", page.read_text(encoding="utf-8")):
            assert re.search(r'alt="[^"]{10,}"', tag), (page, tag)


@pytest.mark.parametrize("page", GUIDES, ids=named)
def test_every_command_that_a_guide_names_exists(page: Path) -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    code = re.findall(r"```.*?```|`[^`\n]+`", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    wrong = [
        (word, option)
        for word, rest in CALL.findall("\n".join(code))
        for option in [word, *re.findall(r"(?<!\S)--[a-z-]+", rest)]
        if not is_there(commands, word, option)
    ]
    assert wrong == []


def is_there(commands, word: str, option: str) -> bool:
    if word not in commands:
        return False
    known = {name for parameter in commands[word].params for name in parameter.opts}
    return option == word or option in known


def test_the_guide_has_a_row_for_every_reason_for_which_a_message_waits() -> None:
    page = (ROOT / "docs" / "vi" / "tra-loi-thu.md").read_text(encoding="utf-8")
    rows = {
        code
        for line in page.splitlines()
        if line.startswith("| `")
        for code in re.findall(r"`([a-z-]+)`", line.split("|")[1])
    }
    assert set(HELD_REASONS) <= rows
