"""What must hold between the keys of [storage] when the vault is a bucket."""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from urllib.parse import urlsplit

from config.hosts import is_loopback
from config.model import Storage
from config.problem import Problem
from config.toml_file import TomlFile

#: What S3 lets a bucket be called; prefixes of ours are plain words.
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")
_KEYS = ("s3_endpoint", "s3_access_key", "s3_secret_env", "s3_secret_file")
#: What speaks with a bucket: in the extra ``[scale]``.
_NEEDS = "obstore"


def check_vault(file: TomlFile, storage: Storage) -> Iterator[Problem]:
    """Yield what is wrong between ``vault`` and the keys ``s3_…``."""
    if "://" not in storage.vault:
        for key in _KEYS:
            if getattr(storage, key):
                yield file.problem(
                    ("storage", key),
                    f'storage.{key} is set and storage.vault = "{storage.vault}" is a folder',
                    "it would count for nothing, and the letters lie elsewhere than you think",
                    'write vault = "s3://bucket/prefix", or take the key out',
                )
        return
    bucket, prefix = storage.bucket or ("", "")
    if not _BUCKET.fullmatch(bucket) or (prefix and not _PREFIX.fullmatch(prefix)):
        yield file.problem(
            ("storage", "vault"),
            f'storage.vault = "{storage.vault}"',
            "it is neither a folder nor a bucket: names of buckets are small letters, digits and "
            "hyphens, and the prefix is plain words",
            'write such as "data/vault" or "s3://intake-caoloc/vault"',
        )
        return
    yield from _check_keys(file, storage)
    yield from _check_endpoint(file, storage.s3_endpoint)
    if find_spec(_NEEDS) is None:
        yield file.problem(
            ("storage", "vault"),
            f"storage.vault is a bucket and {_NEEDS} is not installed",
            "without it no letter could be kept",
            "run: pip install 'commune-intake[scale]'",
        )


def _check_keys(file: TomlFile, storage: Storage) -> Iterator[Problem]:
    if not storage.s3_access_key:
        yield file.problem(
            ("storage", "vault"),
            "storage.vault is a bucket and storage.s3_access_key is empty",
            "the bucket lets nobody in without a key",
            'write s3_access_key = "…" as whoever runs the bucket gave it to you',
        )
    named = [key for key in ("s3_secret_env", "s3_secret_file") if getattr(storage, key)]
    if len(named) != 1:
        yield file.problem(
            ("storage", named[1] if named else "vault"),
            f"storage has {'both' if named else 'neither'} s3_secret_env "
            f"{'and' if named else 'nor'} s3_secret_file",
            "it would be unclear which of the two counts"
            if named
            else "the secret that belongs to s3_access_key is never kept in TOML",
            'keep one, such as s3_secret_env = "INTAKE_S3_SECRET"',
        )


def _check_endpoint(file: TomlFile, endpoint: str) -> Iterator[Problem]:
    if not endpoint:
        return
    try:
        found = urlsplit(endpoint)
        host, port = found.hostname or "", found.port
    except ValueError:
        found, host, port = urlsplit(""), "", None
    del port
    bare = found.path in {"", "/"} and not (found.query or found.fragment or found.username)
    if found.scheme not in {"http", "https"} or not host or not bare:
        yield file.problem(
            ("storage", "s3_endpoint"),
            f'storage.s3_endpoint = "{endpoint}"',
            "it must be the address of a server, with neither a path nor a password",
            'write such as "https://s3.example.vn", or "" for Amazon\'s own',
        )
    elif found.scheme == "http" and not is_loopback(host):
        yield file.problem(
            ("storage", "s3_endpoint"),
            f'storage.s3_endpoint = "{endpoint}" without TLS',
            "every letter would cross the network readable by anyone",
            'write "https://…"; "http://" is for 127.0.0.1 only',
        )
