"""`intake check --connect` of a vault in a bucket: a tiny object is written, read and listed."""

import secrets

from registry.bucket import Bucket

#: The one object that checks leave in the bucket; each overwrites it.
NAME = "check.txt"


def try_out(bucket: Bucket) -> list[str]:
    """Write, read and list a tiny object; return what the bucket can do.

    Raises:
        VaultAway: it does not let us, or does not do it.
    """
    mark = secrets.token_hex(8).encode()
    bucket.create(NAME, mark)
    second = bucket.create(NAME, mark[::-1] + b"!")  # it is there: only a server without
    versions = bucket.versions(NAME, mark)  # conditional PUTs writes it again
    listed = any(name == NAME for name in bucket.beside_names())
    whole = bucket.holds(NAME, mark)
    told = [f"S3 {bucket.where()}: a tiny object was written, read and listed"]
    if not (listed and whole):
        told = [f"S3 {bucket.where()}: what was written is not read or listed as it was"]
    if second or not bucket.can_create:
        told.append("  no conditional PUT: only the lease keeps two daemons apart")
    if versions:
        told.append("  keeps versions: what is overwritten or deleted can be had back")
    else:
        told.append("  keeps no versions: let the bucket keep them, against whoever has the key")
    return told
