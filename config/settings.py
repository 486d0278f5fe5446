"""The config folder → one validated ``Config``, or every problem in it at once."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

from config import campaign_checks, scale_checks, settings_checks
from config.credentials import outside_systemd
from config.hosts import is_loopback
from config.model import CalendarFile, Campaign, Config, Section, Settings
from config.offices import offices, several
from config.password import check_bucket_secret, check_secret, check_tokens, secret
from config.problem import ConfigProblems, Problem
from config.roster import Roster, read_roster
from config.toml_file import TomlFile, check, parse

__all__ = ["ConfigProblems", "Problem", "load", "secret", "warnings"]

SETTINGS = "settings.toml"
ROSTER = "communes.csv"
CALENDAR = "calendar.toml"
CAMPAIGNS = "campaigns"
TEMPLATES = "templates"

#: What serves the board: the extra ``[board]``.
_BOARD_NEEDS = ("starlette", "uvicorn", "prometheus_client")
_Model = TypeVar("_Model", bound=Section)


def load(folder: Path, *, env: Mapping[str, str]) -> Config:
    """Read and check the whole folder.

    ``env`` stands for the environment; nothing else of the process is looked at. The result is
    whole or there is none: a file that changes while it is read counts as a problem.

    Raises:
        ConfigProblems: Everything that is wrong, in the order of files and lines.
    """
    before = _fingerprint(folder)
    work = _Work(folder, env)
    work.read()
    if work.problems:
        raise ConfigProblems(work.problems)
    if _fingerprint(folder) != before:
        raise ConfigProblems([_changing()])
    return work.config()


@dataclass(slots=True)
class _Work:
    """What was read so far, and what is wrong with it."""

    folder: Path
    env: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)
    settings_file: TomlFile | None = None
    settings: Settings | None = None
    calendar: CalendarFile | None = None
    roster: Roster = field(default_factory=Roster)
    campaigns: list[tuple[TomlFile, Campaign]] = field(default_factory=list)

    def read(self) -> None:
        """Read every file, then check what must hold between them."""
        if not self.folder.is_dir():
            self.problems.append(_no_folder(self.folder))
            return
        if not (self.folder / SETTINGS).exists() and (below := offices(self.folder)):
            self.problems.append(several(self.folder, below))
            return
        self.settings_file, self.settings = self._toml(SETTINGS, Settings)
        calendar_file, self.calendar = self._toml(CALENDAR, CalendarFile)
        self._read_roster()
        names = campaign_names(self.folder)
        if not names:
            self.problems.append(_no_campaign())
        for name in names:
            file, campaign = self._toml(name, Campaign)
            if file is not None and campaign is not None:
                self.campaigns.append((file, campaign))
        self.problems += _check_calendar(calendar_file)
        self.problems += self._between()

    def config(self) -> Config:
        """Return the whole; only to be asked when there are no problems."""
        if self.settings is None or self.calendar is None or self.settings_file is None:
            raise ConfigProblems([_changing()])
        settings = _absolute(outside_systemd(self.settings, self.env), self.folder)
        return Config(
            self.folder,
            settings,
            self.roster.communes,
            self.calendar,
            tuple(campaign for _, campaign in self.campaigns),
            (*self.roster.remarks, *self._remarks(self.settings_file, settings)),
        )

    def _toml(self, name: str, model: type[_Model]) -> tuple[TomlFile | None, _Model | None]:
        data = self._bytes(name)
        file = parse(name, data) if data is not None else None
        if isinstance(file, Problem):
            self.problems.append(file)
            return None, None
        if file is None:
            return None, None
        found = check(file, model)
        if isinstance(found, list):
            self.problems += found
            return file, None
        return file, found

    def _bytes(self, name: str) -> bytes | None:
        try:
            return (self.folder / name).read_bytes()
        except OSError as error:
            self.problems.append(_unreadable(name, error))
            return None

    def _read_roster(self) -> None:
        data = self._bytes(ROSTER)
        if data is not None:
            self.roster = read_roster(ROSTER, data)
            self.problems += self.roster.problems

    def _between(self) -> Iterator[Problem]:
        if self.settings is not None and self.settings_file is not None:
            yield from settings_checks.check_settings(
                self.settings_file, self.settings, self.folder
            )
            yield from scale_checks.check_scale(
                self.settings_file, self.settings.scale, self.folder
            )
            campaigns = [campaign for _, campaign in self.campaigns]
            yield from settings_checks.check_redirection(
                self.settings_file, self.settings, self.roster.communes, campaigns
            )
        yield from settings_checks.check_roster(ROSTER, self.roster, self.settings)
        yield from campaign_checks.check_campaigns(self.campaigns)
        names = _template_names(self.folder)
        for file, campaign in self.campaigns:
            yield from campaign_checks.check_campaign(file, campaign)
            yield from campaign_checks.check_templates(file, campaign, names)
            if self.settings is not None:
                yield from campaign_checks.check_readers(file, campaign, self.settings)
            if self.settings is not None and not self.roster.problems and self.roster.communes:
                members = Config(
                    self.folder, self.settings, self.roster.communes, CalendarFile(), ()
                ).members(campaign)
                yield from campaign_checks.check_members(file, campaign, members)

    def _remarks(self, file: TomlFile, settings: Settings) -> Iterator[Problem]:
        secrets = {
            "mailbox": settings.mailbox,
            "smtp": settings.smtp,
            "storage": settings.storage,
            "board": settings.board,
        }
        for name, section in secrets.items():
            yield from check_secret(file, name, section, self.env)
        yield from check_tokens(file, settings.oauth, self.env)
        yield from scale_checks.check_keys(file, settings.scale, self.env)
        yield from check_bucket_secret(file, settings.storage, self.env)
        steps = [step for _, campaign in self.campaigns for step in campaign.remind]
        chairs = any("chair" in (step.to, *step.cc) for step in steps)
        for commune, line in zip(self.roster.communes, self.roster.lines, strict=True):
            if not commune.emails:
                yield Problem(
                    ROSTER,
                    line,
                    f"{commune.title} has no e-mail address",
                    "it gets no call and no reminder, and its mail is not recognised by its sender",
                    "fill in emails, or reach it another way",
                )
            if chairs and not commune.chair_emails:
                yield Problem(
                    ROSTER,
                    line,
                    f"{commune.title} has no address of its chair",
                    "reminders with the chair in copy go to the commune alone",
                    "fill in chair_emails",
                )


def warnings(config: Config, now: dt.datetime | None = None) -> tuple[Problem, ...]:
    """Return what the admin should know and the daemon can live with, file by file.

    Beside what `load` remarked: calendar years without a holiday table, and what is odd at this
    moment. Slower than loading, because the holiday table is asked.
    """
    found = (
        *config.remarks,
        *_board_remarks(config),
        *_without_copies(config),
        *_redirected(config),
        *_unknown_years(config),
        *(_not_yet_live(config, now) if now else ()),
    )
    return tuple(sorted(found, key=lambda remark: (remark.file, remark.line)))


def _board_remarks(config: Config) -> Iterator[Problem]:
    """Yield what is doubtful about serving the board."""
    address = config.settings.board.address
    if address is None:
        return
    missing = [name for name in _BOARD_NEEDS if find_spec(name) is None]
    if missing:
        yield Problem(
            SETTINGS,
            0,
            f"board.listen is set and {', '.join(missing)} is not installed",
            "the board is written but not served",
            "run: pip install 'commune-intake[board]'",
        )
    if not is_loopback(address[0]):
        yield Problem(
            SETTINGS,
            0,
            f'board.listen = "{config.settings.board.listen}" is open to the network',
            "the page and its password cross it readable by anyone",
            "listen on 127.0.0.1 behind a proxy that speaks TLS",
        )


def _without_copies(config: Config) -> Iterator[Problem]:
    if not config.settings.smtp.save_sent_to:
        yield Problem(
            SETTINGS,
            0,
            "smtp.save_sent_to is empty",
            "after a restored backup nobody can tell which mails have left: all of them are held",
            'write save_sent_to = "Sent"',
        )


def _redirected(config: Config) -> Iterator[Problem]:
    target = config.settings.smtp.redirect_all_to
    if target:
        yield Problem(
            SETTINGS,
            0,
            f'smtp.redirect_all_to = "{target}"',
            "every mail goes to this address only: communes, approvers and Department get nothing",
            'look at what it gets; then write redirect_all_to = "", and what is owed leaves',
        )


def _not_yet_live(config: Config, now: dt.datetime) -> Iterator[Problem]:
    go_live_at = config.settings.office.go_live_at
    if go_live_at > now:
        local = go_live_at.astimezone(config.settings.office.zone)
        yield Problem(
            SETTINGS,
            0,
            f"office.go_live_at is still to come: {local.isoformat(timespec='minutes')}",
            "what arrives until then is left alone: nobody's answer is read",
            "write the moment from which on mail is to be read; what came since is then read",
        )


def _fingerprint(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Return name, size and time of every file that `load` reads."""
    names = [SETTINGS, ROSTER, CALENDAR, *campaign_names(folder)]
    found = []
    for name in names:
        try:
            state = (folder / name).stat()
        except OSError:
            found.append((name, -1, 0))
        else:
            found.append((name, state.st_size, state.st_mtime_ns))
    return tuple(found)


def campaign_names(folder: Path) -> list[str]:
    """Return the campaign files of a folder, as paths below it, in order."""
    # Editors leave hidden copies beside the file (.#x.toml); they are no campaigns.
    found = sorted((folder / CAMPAIGNS).glob("*.toml"))
    return [f"{CAMPAIGNS}/{path.name}" for path in found if not path.name.startswith(".")]


def _template_names(folder: Path) -> frozenset[str]:
    try:
        return frozenset(path.name for path in (folder / TEMPLATES).iterdir())
    except OSError:
        return frozenset()


def _absolute(settings: Settings, folder: Path) -> Settings:
    """Return the settings with the paths of secrets and certificates made absolute."""
    changed: dict[str, Section] = {}
    servers = ("password_file", "ca_file")
    tokens = ("client_secret_file", "token_file", "ca_file")
    sections: tuple[tuple[str, Section, tuple[str, ...]], ...] = (
        ("mailbox", settings.mailbox, servers),
        ("smtp", settings.smtp, servers),
        ("storage", settings.storage, ("password_file", "s3_secret_file")),
        ("board", settings.board, ("password_file",)),
        ("oauth", settings.oauth, tokens),
        ("scale", settings.scale, ("tls_ca", "tls_cert", "tls_key")),
    )
    for name, section, keys in sections:
        paths = {
            key: str(folder.absolute() / path)
            for key in keys
            if (path := getattr(section, key)) and not path.startswith("$")
        }
        changed[name] = section.model_copy(update=paths)
    return settings.model_copy(update=changed)


def _check_calendar(file: TomlFile | None) -> Iterator[Problem]:
    if file is None:
        return
    if "country" not in file.table:
        yield Problem(
            file.name,
            0,
            "country is missing",
            "the file may be half saved: country is its last line",
            'add country = "VN" as the last line, below off and worked',
        )
    days: dict[object, str] = {}
    for kind in ("off", "worked"):
        entries = file.table.get(kind, [])
        for at, entry in enumerate(entries if isinstance(entries, list) else []):
            date = entry.get("date") if isinstance(entry, dict) else None
            if date is not None and days.setdefault(str(date), kind) != kind:
                yield file.problem(
                    (kind, at),
                    f"{date} stands under off and under worked",
                    "a day is one or the other",
                    "take it out of one of the two",
                )


def _unknown_years(config: Config) -> Iterator[Problem]:
    import holidays  # noqa: PLC0415  slow to import, and loading has no use for it

    try:
        table = holidays.country_holidays(config.calendar.country)
    except NotImplementedError:
        yield Problem(
            CALENDAR,
            0,
            f'country = "{config.calendar.country}" has no holiday table',
            "only Saturdays and Sundays and the days of this file are off",
            'write a country code such as "VN"',
        )
        return
    announced: Mapping[int, object] = getattr(table, "special_public_holidays", {})
    last = max(announced, default=table.end_year)
    named = {day.date.year for day in (*config.calendar.off, *config.calendar.worked)}
    for campaign in config.campaigns:
        moments = (campaign.opens_at, campaign.report.at)
        years = {moment.astimezone(config.settings.office.zone).year for moment in moments}
        for year in sorted(years - named):
            if not table.start_year <= year <= last:
                yield Problem(
                    CALENDAR,
                    0,
                    f"the days off of {year} are not known",
                    f"{campaign.id} runs in it, and swapped days are announced year by year",
                    f"enter the days off and worked of {year} with their notice",
                )


def _no_folder(folder: Path) -> Problem:
    return Problem(
        str(folder),
        0,
        "there is no such folder",
        "the config lives in a folder of its own",
        f"write a complete example with `intake init {folder}`",
    )


def _no_campaign() -> Problem:
    return Problem(
        CAMPAIGNS,
        0,
        "there is no campaign",
        "the program would not know what to collect",
        "add campaigns/<id>.toml; `intake init` writes a complete example",
    )


def _unreadable(name: str, error: OSError) -> Problem:
    if isinstance(error, FileNotFoundError):
        remedy = "put it back; `intake init` in an empty folder writes a complete example"
        return Problem(name, 0, "the file is missing", "the config is not whole without it", remedy)
    reason = (error.strerror or "it cannot be opened").lower()
    return Problem(
        name, 0, "the file cannot be read", reason, "let the daemon's user read it (chmod, chown)"
    )


def _changing() -> Problem:
    return Problem(
        SETTINGS,
        0,
        "a file of the folder changed while it was read",
        "half of an edit must not count",
        "wait a moment: it is read again",
    )
