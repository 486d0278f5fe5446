"""`./dev pictures`: play the demo and show what people see of it, as the pictures of the documents.

Each picture has a fixed name in docs/images. One that cannot be made is told, and the exit code is
1 then: a page of the documents must not keep an old picture unnoticed.
"""

import datetime as dt
import email
import email.policy
import html
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pypdfium2
from PIL import Image, ImageChops
from playwright.sync_api import Browser, sync_playwright
from rigs.browser import EXECUTABLE

from intake import demo

IMAGES = Path(__file__).parents[1] / "docs" / "images"
#: The board is shown as of here: some have answered, some not, and some days are left.
MIDDLE = dt.date(2024, 5, 17)
_DESKTOP, _PHONE, _PAGE = 720, 390, 1180
#: The board's first look: what is below, the pictures of a page need not show.
_TALL = 1500
_SHARP = 2.0  # pixels of the picture for one of the page: still sharp when a browser enlarges it
_MARGIN = 24
_COLOURS = 255
#: How a mail program shows the head of a mail, above its own text.
_HEAD = (
    "<div style='font:14px/1.5 Liberation Sans,Arial,sans-serif;color:#222;background:#fff;"
    "padding:12px 16px;border-bottom:1px solid #ccc'><b style='font-size:16px'>{subject}</b><br>"
    "<span style='color:#555'>{sender} → {to}</span></div>"
)


class Missing(Exception):  # noqa: N818  the demo did not bring what the picture shows
    """Why a picture cannot be made."""


@dataclass(frozen=True)
class Demo:
    """What the demo left behind."""

    out: Path

    def mail(self, kind: str) -> EmailMessage:
        """The first mail whose key (``X-Commune-Intake``) begins and ends with these words."""
        begins, _, ends = kind.partition(" … ")
        for path in sorted((self.out / "mails").glob("*.eml")):
            mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            key = str(mail["X-Commune-Intake"])
            if key.startswith(begins) and ends in key:
                return mail
        raise Missing(f"the demo sent no mail {kind!r}")

    def file(self, pattern: str) -> Path:
        """The first file below the demo's folder that is named so."""
        found = sorted(self.out.glob(pattern))
        if not found:
            raise Missing(f"the demo wrote no {pattern}")
        return found[0]

    def board(self, name: str) -> Path:
        """A page of the board as it was in the middle of the campaign."""
        return self.file(f"board/{MIDDLE}/{name}")


def main() -> int:
    """Make every picture; return how a shell is told whether that went well."""
    failed = False
    with tempfile.TemporaryDirectory(prefix="pictures-") as passing:
        played = Demo(Path(passing) / "demo")
        if not demo.play(played.out):
            print("pictures: the demo did not end as it must", file=sys.stderr)  # noqa: T201
            failed = True
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=EXECUTABLE, args=["--no-sandbox", "--disable-gpu"]
            )
            for name, make in _pictures(played, browser, Path(passing)):
                try:
                    make().save(IMAGES / name, optimize=True)
                except Missing as error:
                    print(f"pictures: no {name}: {error}", file=sys.stderr)  # noqa: T201
                    failed = True
                else:
                    print(f"  {IMAGES / name}")  # noqa: T201
            browser.close()
    return int(failed)


def _pictures(
    played: Demo, browser: Browser, passing: Path
) -> Iterator[tuple[str, Callable[[], Image.Image]]]:
    """Yield the name of each picture and how it is made."""

    def mail(kind: str, width: int) -> Callable[[], Image.Image]:
        return lambda: _mail(browser, played.mail(kind), width, passing)

    def board(name: str, width: int, *, dark: bool = False) -> Callable[[], Image.Image]:
        return lambda: _top(_shot(browser, played.board(name).as_uri(), width, passing, dark=dark))

    def attached(kind: str) -> Callable[[], Image.Image]:
        return lambda: _sheet(_attached(played.mail(kind), ".xlsx"), passing)

    yield "acknowledgment.png", mail("ack/ … needs-fix", _DESKTOP)
    yield "acknowledgment-phone.png", mail("ack/ … needs-fix", _PHONE)
    yield "correction.png", attached("ack/ … needs-fix")
    yield "held.png", mail("held/", _DESKTOP)
    yield "draft.png", mail("draft/", _DESKTOP)
    yield "board.png", board("index.html", _PAGE)
    yield "board-phone.png", board("index.html", _PHONE)
    yield "board-dark.png", board("index.html", _PAGE, dark=True)
    yield "plan.png", board("plan.html", _PAGE)
    yield (
        "report.png",
        lambda: _sheet(played.file("report/**/Bao cao ocop-*.xlsx").read_bytes(), passing),
    )
    yield "workbook.png", attached("call/")


def _attached(mail: EmailMessage, ending: str) -> bytes:
    for part in mail.iter_attachments():
        if (part.get_filename() or "").endswith(ending):
            return bytes(part.get_payload(decode=True))
    raise Missing(f"no {ending} is attached to “{mail['Subject']}”")


def _mail(browser: Browser, mail: EmailMessage, width: int, passing: Path) -> Image.Image:
    """A mail as a mail program shows it: its head, then its HTML."""
    body = mail.get_body(("html",))
    if body is None:
        raise Missing(f"“{mail['Subject']}” has no HTML")
    names = {"subject": mail["Subject"], "sender": mail["From"], "to": mail["To"]}
    head = _HEAD.format(**{name: html.escape(str(text)) for name, text in names.items()})
    page = passing / "mail.html"
    page.write_text(body.get_content(), encoding="utf-8")
    return _shot(browser, page.as_uri(), width, passing, head=head)


def _shot(
    browser: Browser, url: str, width: int, passing: Path, *, dark: bool = False, head: str = ""
) -> Image.Image:
    """The whole page at this width."""
    context = browser.new_context(
        viewport={"width": width, "height": 400},
        device_scale_factor=_SHARP,
        color_scheme="dark" if dark else "light",
        locale="vi-VN",
    )
    page = context.new_page()
    page.goto(url, wait_until="load")
    if head:
        page.evaluate("head => document.body.insertAdjacentHTML('afterbegin', head)", head)
    shot = passing / "shot.png"
    page.screenshot(path=shot, full_page=True)
    context.close()
    return _small(Image.open(shot))


def _top(image: Image.Image) -> Image.Image:
    return image.crop((0, 0, image.width, min(image.height, int(_TALL * _SHARP))))


def _sheet(book: bytes, passing: Path) -> Image.Image:
    """The first page of a workbook, as it is printed, without the paper's margins."""
    source = passing / "sheet.xlsx"
    source.write_bytes(book)
    profile = f"-env:UserInstallation={(passing / 'office').as_uri()}"
    convert = ("soffice", profile, "--headless", "--convert-to", "pdf", "--outdir")
    subprocess.run([*convert, str(passing), str(source)], check=True, capture_output=True)
    with pypdfium2.PdfDocument(source.with_suffix(".pdf")) as pdf:
        page = pdf[0].render(scale=_SHARP).to_pil().convert("RGB")
    white = Image.new("RGB", page.size, "white")
    left, top, right, bottom = ImageChops.difference(page, white).getbbox() or (0, 0, *page.size)
    width, height = page.size
    return _small(
        page.crop(
            (
                max(left - _MARGIN, 0),
                max(top - _MARGIN, 0),
                min(right + _MARGIN, width),
                min(bottom + _MARGIN, height),
            )
        )
    )


def _small(image: Image.Image) -> Image.Image:
    """The same picture with a palette, where that keeps every colour that is there."""
    flat = image.convert("RGB")
    few = flat.quantize(_COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    lost = ImageChops.difference(flat, few.convert("RGB")).getextrema()
    return few if max(high for _, high in lost) <= _MARGIN else flat


if __name__ == "__main__":
    sys.exit(main())
