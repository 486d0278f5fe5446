"""Captions that a campaign's form does not know → a file of proposals, which the admin answers.

The file is derived from the registry and can be lost; only the answers in it, lines ``field = …``
without their ``#``, are the admin's, and are kept when it is written anew. `intake reread` shows
what follows from them and puts them into the campaign's file; the daemon never reads this one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
import tomlkit

from config.model import Campaign, Config, Section
from config.problem import ConfigProblems, Problem
from config.scalars import Text
from config.toml_file import check, did_you_mean, parse
from parsers.columns import captions_of
from parsers.form import Form
from parsers.vietnamese import fold
from registry.columns import SeenColumn
from registry.files import put_own_file
from registry.model import CommuneKey

FOLDER = "proposals"
_MOST_CAPTIONS, _MOST_COMMUNES, _SAMPLES = 200, 5, 3
#: Below this likeness (0–100) no field is suggested.
_LIKE = 55.0

_log = structlog.get_logger("proposals")

_HEAD = """\
# Tên cột chưa có trong biểu mẫu – {title}
#
# Các xã, thị trấn đã gửi biểu có những cột mà biểu mẫu của đợt {id} không nhận ra.
# Cột nào thực ra là một mục của biểu mẫu thì bỏ dấu # ở dòng field bên dưới cột đó,
# sửa lại tên mục nếu gợi ý không đúng, rồi chạy:
#
#   intake reread {id}            xem các văn bản đã nhận sẽ được đọc lại ra sao; chưa thay đổi gì
#   intake reread {id} --apply    ghi tên cột vào campaigns/ và đọc lại các văn bản đó
#
# Chương trình viết lại tệp này khi có cột mới; chỉ giữ nguyên các dòng field đã bỏ dấu #.
# Ví dụ bên dưới có thể là dữ liệu cá nhân: không gửi tệp này cho người khác.
#
# Các mục của biểu mẫu (ghi tên ở bên trái vào dòng field):
{fields}"""


class Alias(Section):
    """One caption; with ``field`` the admin says that it asks for this field of the form."""

    caption: Text
    field: str = ""


class ProposalFile(Section):
    """proposals/<campaign>.toml."""

    alias: tuple[Alias, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """An unknown caption: how often it was seen, in whose answers, and what it is most like."""

    caption: str
    times: int
    communes: tuple[str, ...]
    samples: tuple[str, ...]
    field: str
    likeness: float


# --- pure ---------------------------------------------------------------------------------------


def proposals(
    seen: Iterable[SeenColumn], form: Form, names: Mapping[CommuneKey, str]
) -> list[Proposal]:
    """Return the captions that the form still does not know, the most frequent first."""
    known = captions_of(form)
    groups: dict[str, list[SeenColumn]] = {}
    for one in seen:
        if known.exact(one.column.caption) is None:
            groups.setdefault(fold(one.column.caption), []).append(one)
    found = [_proposal(group, form, names) for key, group in groups.items() if key]
    found.sort(key=lambda one: (-one.times, one.caption))
    return found[:_MOST_CAPTIONS]


def _proposal(group: Sequence[SeenColumn], form: Form, names: Mapping[CommuneKey, str]) -> Proposal:
    titles = dict.fromkeys(names.get(one.commune, one.commune[0]) for one in group if one.commune)
    samples = dict.fromkeys(text for one in group for text in one.column.samples)
    caption = _plain(group[0].column.caption)
    guessed = next((one.column.field for one in group if one.column.field), "")
    field, likeness = _nearest(caption, form)
    return Proposal(
        caption,
        len(group),
        tuple(titles),
        tuple(samples)[:_SAMPLES],
        guessed or field,
        likeness,
    )


def _nearest(caption: str, form: Form) -> tuple[str, float]:
    """Return the field whose label or alias is most like a caption, and how much; or none."""
    from rapidfuzz import fuzz  # noqa: PLC0415  only where there is an unknown caption

    wanted = fold(caption)
    best = max(
        (
            (fuzz.token_set_ratio(wanted, fold(name)) + fuzz.ratio(wanted, fold(name)), entry.key)
            for entry in form.fields
            for name in (entry.label, *entry.aliases)
        ),
        default=(0.0, ""),
    )
    likeness = best[0] / 2
    return (best[1], likeness) if likeness >= _LIKE else ("", likeness)


def rendered(campaign: Campaign, found: Sequence[Proposal], answers: Mapping[str, str]) -> str:
    """Return the file; ``answers`` are those of the present one, caption → field."""
    fields = "".join(
        f"#   {entry.key:<16} {_plain(entry.label)}\n" for entry in campaign.form.fields
    )
    text = _HEAD.format(title=_plain(campaign.title), id=campaign.id, fields=fields)
    labels = {entry.key: entry.label for entry in campaign.form.fields}
    return text + "".join(_entry(one, labels, answers.get(one.caption, "")) for one in found)


def _entry(one: Proposal, labels: Mapping[str, str], answer: str) -> str:
    more = (
        f" và {len(one.communes) - _MOST_COMMUNES} nơi khác"
        if len(one.communes) > _MOST_COMMUNES
        else ""
    )
    lines = ["", "[[alias]]", f"caption = {_quoted(one.caption)}"]
    whom = ", ".join(one.communes[:_MOST_COMMUNES]) or "chưa rõ nơi gửi"
    lines.append(f"# {one.times} lần; {_plain(whom)}{more}")
    lines.append(f"# ví dụ: {' | '.join(map(_plain, one.samples))}")
    if one.field:
        lines.append(f"# gần nhất: {one.field} – {_plain(labels.get(one.field, ''))}")
    said = f"field = {_quoted(answer or one.field or 'ten_muc')}"
    lines.append(said if answer else f"# {said}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return str(tomlkit.item(text).as_string())


def _plain(text: str) -> str:
    """Return text that can stand in a comment: on one line, nothing that a terminal obeys."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def answers_in(name: str, data: bytes, form: Form) -> dict[str, str]:
    """Return what the admin said in a file of proposals: caption → field.

    Raises:
        ConfigProblems: it cannot be read, or names a field that the form does not have.
    """
    file = parse(name, data)
    if isinstance(file, Problem):
        raise ConfigProblems([file])
    found = check(file, ProposalFile)
    if isinstance(found, list):
        raise ConfigProblems(found)
    keys = [entry.key for entry in form.fields]
    wrong = [
        file.problem(
            ("alias", at, "field"),
            f'field = "{one.field}" is no field of the form',
            "the caption would lead nowhere",
            did_you_mean(one.field, keys),
        )
        for at, one in enumerate(found.alias)
        if one.field and one.field not in keys
    ]
    if wrong:
        raise ConfigProblems(wrong)
    return {one.caption: one.field for one in found.alias if one.field}


def with_aliases(text: str, answers: Mapping[str, str]) -> str:
    """Return a campaign's file with captions added to the aliases of their fields.

    Everything else, comments too, stays as the admin wrote it.
    """
    document = tomlkit.parse(text)
    form = document["form"]
    for entry in form["field"]:
        wanted = [caption for caption, field in answers.items() if field == entry["key"]]
        if not wanted:
            continue
        if "aliases" not in entry:
            entry["aliases"] = tomlkit.array()
        known = {fold(str(alias)) for alias in entry["aliases"]}
        for caption in wanted:
            if fold(caption) not in known:
                entry["aliases"].add_line(caption, indent="  ")
    return tomlkit.dumps(document)


# --- shell --------------------------------------------------------------------------------------


def path_of(config: Config, campaign: Campaign) -> Path:
    """Return where a campaign's proposals lie."""
    return config.folder / FOLDER / f"{campaign.id}.toml"


def read_answers(config: Config, campaign: Campaign) -> dict[str, str]:
    """Return the admin's answers; empty when there is no such file.

    Raises:
        ConfigProblems: as `answers_in`.
    """
    path = path_of(config, campaign)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    return answers_in(f"{FOLDER}/{path.name}", data, campaign.form)


def waiting(config: Config) -> list[str]:
    """Return one line for each file of proposals that waits for the admin, or cannot be read."""
    lines = []
    for campaign in config.campaigns:
        path = path_of(config, campaign)
        name = f"{FOLDER}/{path.name}"
        try:
            file = parse(name, path.read_bytes())
            answered = read_answers(config, campaign)
        except ConfigProblems as error:
            lines.append(str(error.problems[0]))
            continue
        except OSError:
            continue
        captions = [] if isinstance(file, Problem) else file.table.get("alias", [])
        if len(captions) > len(answered):
            count = len(captions) - len(answered)
            lines.append(f"{name}: {count} caption(s) that the form does not know; see the file")
        if answered:
            lines.append(f"{name}: {len(answered)} accepted; next: intake reread {campaign.id}")
    return lines


def write_proposals(config: Config, campaign: Campaign, seen: Iterable[SeenColumn]) -> int:
    """Write a campaign's proposals, if they differ from what is there; return how many there are.

    A file that the admin is half through editing is left alone until it can be read.

    Raises:
        OSError: the folder cannot be written to.
    """
    names = {one.key: one.title for one in config.communes}
    found = proposals(seen, campaign.form, names)
    path = path_of(config, campaign)
    if not found and not path.exists():
        return 0
    try:
        text = rendered(campaign, found, read_answers(config, campaign))
    except ConfigProblems as error:
        _log.warning("proposals_left_alone", problem=str(error.problems[0]))
        return len(found)
    if not path.exists() or path.read_bytes() != text.encode():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        put_own_file(path, text.encode())  # 0600, for its samples may be personal
        _log.info("proposals_written", campaign=campaign.id, captions=len(found))
    return len(found)
