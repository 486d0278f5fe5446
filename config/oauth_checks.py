"""What must hold in [oauth], and between it and the servers that take its tokens."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from config.hosts import is_loopback
from config.model import Mailbox, Settings, Smtp
from config.problem import Problem
from config.toml_file import TomlFile

_ENDPOINTS = ("token_endpoint", "authorize_endpoint", "device_endpoint")
_GOOGLE = "https://oauth2.googleapis.com/token"


def check_oauth(file: TomlFile, settings: Settings, folder: Path) -> Iterator[Problem]:
    """Yield what is wrong in [oauth]; nothing when it is left out."""
    section = settings.oauth
    if not section.token_endpoint:
        if section.client_id:
            yield file.problem(
                ("oauth", "client_id"),
                "[oauth] has a client_id and no token_endpoint",
                "nobody would be asked for tokens",
                f'add token_endpoint = "…"; Google\'s is "{_GOOGLE}"',
            )
        return
    yield from _check_endpoints(file, settings)
    yield from _check_client(file, settings)
    yield from _check_servers(file, settings)
    if section.ca_file and not (folder / section.ca_file).is_file():
        yield file.problem(
            ("oauth", "ca_file"),
            f"the file {section.ca_file} of oauth.ca_file is not there",
            "the endpoint's certificate could not be verified",
            'write the path of a PEM file, or "" for the roots that this machine trusts',
        )


def _check_endpoints(file: TomlFile, settings: Settings) -> Iterator[Problem]:
    for key in _ENDPOINTS:
        address = getattr(settings.oauth, key)
        if address and not _safe(address):
            yield file.problem(
                ("oauth", key),
                f'oauth.{key} = "{address}"',
                "whoever reads the answer on its way could take the mailbox over",
                "write an address that begins with https://",
            )


def _safe(address: str) -> bool:
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (
        parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    )


def _check_client(file: TomlFile, settings: Settings) -> Iterator[Problem]:
    section = settings.oauth
    for key, sample in (("client_id", "…"), ("scope", "https://mail.google.com/")):
        if not getattr(section, key):
            yield file.problem(
                ("oauth", key),
                f"oauth.{key} is missing",
                "no token is given without it",
                f'add {key} = "{sample}", as your provider\'s console shows it',
            )
    if section.client_secret_env and section.client_secret_file:
        yield file.problem(
            ("oauth", "client_secret_file"),
            "oauth has both client_secret_env and client_secret_file",
            "it would be unclear which of the two counts",
            "keep one",
        )
    secret = section.client_secret_env or section.client_secret_file
    if section.flow == "client-credentials" and not secret:
        yield file.problem(
            ("oauth", "flow"),
            'oauth.flow = "client-credentials" without a client secret',
            "the program proves itself by its secret, nobody says yes for it",
            'add client_secret_env = "…" or client_secret_file, or write flow = "refresh-token"',
        )


def _check_servers(file: TomlFile, settings: Settings) -> Iterator[Problem]:
    servers: dict[str, Mailbox | Smtp] = {"mailbox": settings.mailbox, "smtp": settings.smtp}
    if all(server.auth != "xoauth2" for server in servers.values()):
        yield file.problem(
            ("oauth", "token_endpoint"),
            "[oauth] is filled in and no server uses it",
            "both would still log in with a password",
            'write auth = "xoauth2" in [mailbox] and [smtp], or take [oauth] out',
        )
    for name, server in servers.items():
        if server.auth == "xoauth2" and (server.password_env or server.password_file):
            yield file.problem(
                (name, "password_env" if server.password_env else "password_file"),
                f"{name} has a password beside [oauth]",
                "it would be unclear whose token counts",
                "take password_env and password_file out of this section, or [oauth]",
            )
