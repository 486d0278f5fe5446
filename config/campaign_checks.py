"""What must hold inside a campaign, between campaigns, and between a campaign and the roster."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from config.model import Campaign, Commune, Settings
from config.problem import Problem
from config.settings_checks import is_own, own_mailbox
from config.toml_file import TomlFile
from config.toml_lines import Path, line_at
from parsers.form import Field as FormField
from parsers.vietnamese import fold, key, one_line

MONEY_UNITS = ("đồng", "nghìn đồng", "triệu đồng", "tỷ đồng")
_BOUNDED = {"decimal", "money", "stars"}

Loaded = Sequence[tuple[TomlFile, Campaign]]


def check_campaign(file: TomlFile, campaign: Campaign) -> Iterator[Problem]:
    """Yield what is wrong inside one campaign file."""
    yield from _check_moments(file, campaign)
    yield from _check_report(file, campaign)
    yield from _check_form(file, campaign)
    yield from _check_criteria(file, campaign)
    entries: Mapping[str, Sequence[str]] = {
        "remind": [step.id for step in campaign.remind],
        "dossier": [item.key for item in campaign.dossier],
        "criterion": [item.key for item in campaign.criterion],
    }
    for name, ids in entries.items():
        word = "id" if name == "remind" else "key"
        for at, found in _repeated(ids):
            yield file.problem(
                (name, at, word),
                f'the {word} "{found}" of {name}[{at + 1}] stands twice',
                "each must be known by its own name",
                "write another one",
            )


def _check_criteria(file: TomlFile, campaign: Campaign) -> Iterator[Problem]:
    types = {field.key: field.type for field in campaign.form.fields}
    for at, criterion in enumerate(campaign.criterion):
        if criterion.field and criterion.field not in types:
            yield file.problem(
                ("criterion", at, "field"),
                f'criterion[{at + 1}].field = "{criterion.field}" is no field of the form',
                "nothing could answer the criterion",
                f"write one of: {', '.join(types)}",
            )
        elif criterion.at_least is not None and types.get(criterion.field) not in _BOUNDED:
            yield file.problem(
                ("criterion", at, "at_least"),
                f"criterion[{at + 1}].at_least without a field of numbers",
                "there would be nothing to compare",
                "name a field of type decimal, money or stars, or take at_least out",
            )


def _check_moments(file: TomlFile, campaign: Campaign) -> Iterator[Problem]:
    if campaign.deadline_at <= campaign.opens_at:
        yield file.problem(
            ("deadline_at",),
            f"deadline_at {campaign.deadline_at.isoformat()} is not after opens_at",
            "nobody could answer in time",
            "write a deadline after opens_at",
        )
    if campaign.closes_at < campaign.deadline_at:
        yield file.problem(
            ("closes_at",),
            f"closes_at {campaign.closes_at.isoformat()} is before deadline_at",
            "silence would be recorded while there is still time to answer",
            "write the deadline or a later instant",
        )
    if campaign.report.at < campaign.closes_at:
        yield file.problem(
            ("report", "at"),
            f"report.at {campaign.report.at.isoformat()} is before closes_at",
            "answers that come in between would be missing from the report",
            "write closes_at or a later instant",
        )
    length = (campaign.deadline_at - campaign.opens_at).days
    for at, step in enumerate(campaign.remind):
        if step.days_before > length >= 0:
            yield file.problem(
                ("remind", at, "days_before"),
                f"remind[{at + 1}].days_before = {step.days_before} is before opens_at",
                "the step would never be sent",
                f"write at most {length}",
            )


def _check_report(file: TomlFile, campaign: Campaign) -> Iterator[Problem]:
    if campaign.report.approval == "required" and not campaign.report.approvers:
        yield file.problem(
            ("report", "approvers"),
            'report.approval = "required" without approvers',
            "nobody could release the report",
            'write approvers = ["…"] with the address of whoever releases it',
        )


def _check_form(file: TomlFile, campaign: Campaign) -> Iterator[Problem]:
    fields = campaign.form_section.field
    for at, found in _repeated([field.key for field in fields]):
        yield file.problem(
            ("form", "field", at, "key"),
            f'the field key "{found}" stands twice',
            "the two columns could not be told apart",
            "write another key",
        )
    headings: list[tuple[int, Path, str]] = []
    for at, field in enumerate(fields):
        path: Path = ("form", "field", at)
        headings.append((at, (*path, "label"), field.label))
        headings += [(at, (*path, "aliases", n), text) for n, text in enumerate(field.aliases)]
        yield from _check_choices(file, path, field)
        yield from _check_bounds(file, path, field)
        if not field.key.isidentifier() or not field.key.islower() or not field.key.isascii():
            yield file.problem(
                (*path, "key"),
                f'the field key "{field.key}" is not plain',
                "it names the column in the registry and in exports",
                "write small letters without diacritics, digits and _ such as area_m2",
            )
    yield from _check_headings(file, headings)


def _check_choices(file: TomlFile, path: Path, field: FormField) -> Iterator[Problem]:
    if field.type == "choice" and not field.choices:
        yield file.problem(
            (*path, "type"),
            f'the field {field.key} is of type "choice" without choices',
            "no value would ever be allowed",
            'add choices = [{ value = "…", aliases = ["…"] }]',
        )
    if field.type != "choice" and field.choices:
        yield file.problem(
            (*path, "choices"),
            f'the field {field.key} has choices and the type "{field.type}"',
            "they would never be looked at",
            'write type = "choice" or take them out',
        )
    owners: dict[str, int] = {}
    for at, choice in enumerate(field.choices):
        for text in (choice.value, *choice.aliases):
            if owners.setdefault(key(text), at) != at:
                yield file.problem(
                    (*path, "choices", at),
                    f'"{text}" stands for two choices of the field {field.key}',
                    "the answer could not be told",
                    "keep it in one of the two",
                )


def _check_bounds(file: TomlFile, path: Path, field: FormField) -> Iterator[Problem]:
    bounds = [bound for bound in (field.low, field.high) if bound is not None]
    where = (*path, "low" if field.low is not None else "high")
    if bounds and field.type not in _BOUNDED:
        yield file.problem(
            where,
            f'the field {field.key} has low or high and the type "{field.type}"',
            "only decimal, money and stars have a size",
            "take them out",
        )
    elif any(not bound.is_finite() or bound < 0 for bound in bounds):
        yield file.problem(
            where,
            f"low or high of the field {field.key} is negative or no number",
            "areas, money and stars are never negative",
            "write 0 or more",
        )
    elif field.low is not None and field.high is not None and field.low > field.high:
        yield file.problem(
            where,
            f"low = {field.low} of the field {field.key} is more than high = {field.high}",
            "every value would be remarked upon",
            "exchange them",
        )
    if field.valid_months is not None and (field.type != "date" or field.valid_months < 1):
        yield file.problem(
            (*path, "valid_months"),
            f'the field {field.key} has valid_months and the type "{field.type}"',
            "only what was issued on a date grows old, after one month or more",
            "take valid_months out",
        )
    if field.unit and field.type != "money":
        yield file.problem(
            (*path, "unit"),
            f'the field {field.key} has a unit and the type "{field.type}"',
            "only money is converted; an area is always in m²",
            "take unit out",
        )
    elif field.unit and one_line(field.unit).lower() not in MONEY_UNITS:
        yield file.problem(
            (*path, "unit"),
            f'unit = "{field.unit}" of the field {field.key} is not known',
            "amounts are converted to đồng by it",
            f"write one of: {', '.join(MONEY_UNITS)}",
        )


def _check_headings(file: TomlFile, headings: Sequence[tuple[int, Path, str]]) -> Iterator[Problem]:
    """Yield headings that stand for two columns. Diacritics count: ĐT is a phone, DT an area."""
    owners: dict[str, tuple[int, Path]] = {}
    for at, path, text in headings:
        if not fold(text):
            yield file.problem(
                path, "a heading is empty", "it would match every column", "take it out"
            )
            continue
        first, first_path = owners.setdefault(key(text), (at, path))
        if first != at:
            line = line_at(file.lines, first_path)
            yield file.problem(
                path,
                f'"{text}" names field {at + 1} and field {first + 1} (line {line})',
                "a column with this heading could not be told apart",
                "keep it in one of the two",
            )


def check_campaigns(loaded: Loaded) -> Iterator[Problem]:
    """Yield what is wrong between campaigns: ids, receipt prefixes and numbers that two share."""
    owners: dict[tuple[str, str], str] = {}
    for file, campaign in loaded:
        for what, path, text in _marks(campaign):
            owner = owners.setdefault((what, "".join(text.split()).casefold()), file.name)
            if owner != file.name:
                yield file.problem(
                    path,
                    f'the {what} "{text}" is also in {owner}',
                    "a letter or receipt with it could belong to either campaign",
                    "write another one"
                    if what != "number"
                    else "write identifies = false in both, or take it out of one",
                )


def _marks(campaign: Campaign) -> Iterator[tuple[str, Path, str]]:
    yield "id", ("id",), campaign.id
    yield "receipt_prefix", ("receipt_prefix",), campaign.receipt_prefix
    if campaign.number:
        yield "number", ("number",), campaign.number
    for at, cited in enumerate(campaign.basis):
        if cited.identifies:
            yield "number", ("basis", at, "number"), cited.number


def check_readers(file: TomlFile, campaign: Campaign, settings: Settings) -> Iterator[Problem]:
    """Yield who of those that get or release the report is the office's own mailbox."""
    ours, report = own_mailbox(settings), campaign.report
    for name, addresses in {"to": report.to, "approvers": report.approvers}.items():
        for at, address in enumerate(addresses):
            if address.lower() in ours:
                yield is_own(file, ("report", name, at), f"report.{name}[{at + 1}]", address)


def check_members(
    file: TomlFile, campaign: Campaign, members: Sequence[Commune]
) -> Iterator[Problem]:
    """Yield a problem when the roster has not the communes that the campaign expects."""
    if campaign.communes is not None and campaign.communes != len(members):
        yield file.problem(
            ("communes",),
            f"communes = {campaign.communes}, and communes.csv has {len(members)} for the deadline",
            "a commune that is missing from the roster would never be asked or reported",
            "complete communes.csv (valid_from, valid_to), or correct the number here",
        )
    elif not members:
        yield file.problem(
            ("deadline_at",),
            "no commune of communes.csv exists on the deadline's day",
            "nobody would be asked",
            "correct valid_from and valid_to in communes.csv, or the deadline",
        )


def check_templates(
    file: TomlFile, campaign: Campaign, names: AbstractSet[str]
) -> Iterator[Problem]:
    """Yield the files that the campaign names and that ``templates/`` (``names``) lacks."""
    for at, step in enumerate(campaign.remind):
        if f"{step.template}.j2" not in names:
            yield file.problem(
                ("remind", at, "template"),
                f"templates/{step.template}.j2 of remind[{at + 1}] is missing",
                "the reminder could not be written",
                "add the file, or name one that is there",
            )

    if campaign.report.letter_template not in names:
        yield file.problem(
            ("report", "letter_template"),
            f"templates/{campaign.report.letter_template} is missing",
            "the official letter could not be drafted",
            "add the file, or name one that is there",
        )


def _repeated(names: Sequence[str]) -> Iterator[tuple[int, str]]:
    for at, name in enumerate(names):
        if name in names[:at]:
            yield at, name
