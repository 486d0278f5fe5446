"""What is particular about PostgreSQL: how it is reached, what it is asked for, what it says."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from registry.errors import RegistryBusy, RegistryDamaged, RegistryProblem

#: One writer at a time: any number that nobody else uses as an advisory lock of this database.
WRITER = 0x0C0117E
#: Connections of one process: the daemon works with one, its board and its standby with another.
_POOL = 4
_POOL_SECONDS = 15.0
_CONNECT_SECONDS = 10
#: A question that takes longer is given up; migrations are not held to it.
_STATEMENT_SECONDS = 120
#: Nobody thinks so long between two statements of a transaction.
_IDLE_SECONDS = 300
# Whoever is cut off is noticed after 5 + 3 × 3 seconds, by client and server alike: the next daemon
# must not wait for the lock of one whose cable was pulled.
_CLIENT = {
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
_SERVER = {f"tcp_{name}" if "tcp" not in name else name: count for name, count in _CLIENT.items()}
# SQLSTATEs, by class or whole (https://www.postgresql.org/docs/current/errcodes-appendix.html).
_PASSING = (
    *("08", "40", "53", "58"),  # connection, serialization and deadlock, resources, input/output
    *("57P", "57014", "25P03", "55P03"),  # shut down, too slow, idle too long, somebody's lock
    "25006",  # read only: a standby, until somebody promotes it
)
_REFUSED = ("28", "3D000", "3F000", "42501")
_DAMAGED = ("XX001", "XX002")
_NEXT = """
CREATE FUNCTION next_serial(whose text) RETURNS integer LANGUAGE sql AS
'UPDATE serials SET last = last + 1 WHERE name = whose RETURNING last'
"""


def make_engine(
    url: sa.URL,
    password: str,
    busy_seconds: float,
    *,
    durable: bool,
    answer_seconds: float | None = None,
) -> sa.Engine:
    """Return an engine whose every wait ends: for a server, a connection, a lock, an answer.

    ``answer_seconds`` is for a lease: each of those waits is so short, and one connection is kept.

    Raises:
        RegistryProblem: the driver is not installed.
    """
    settings = {
        "statement_timeout": f"{_STATEMENT_SECONDS}s",
        "lock_timeout": f"{int(busy_seconds * 1000)}ms",
        "idle_in_transaction_session_timeout": f"{_IDLE_SECONDS}s",
        **_SERVER,
        **({} if durable else {"synchronous_commit": "off"}),
    }
    pool = {"pool_size": _POOL, "max_overflow": _POOL, "pool_timeout": _POOL_SECONDS}
    more: dict[str, Any] = {"connect_timeout": _CONNECT_SECONDS, **_CLIENT}
    if answer_seconds is not None:
        milliseconds = int(answer_seconds * 1000)
        settings["statement_timeout"] = f"{milliseconds}ms"
        # a holder that is stopped between a renewal and its commit would keep the row from others
        settings["idle_in_transaction_session_timeout"] = f"{milliseconds}ms"
        more |= {"connect_timeout": max(2, int(answer_seconds)), "tcp_user_timeout": milliseconds}
        pool = {"pool_size": 1, "max_overflow": 0, "pool_timeout": answer_seconds}
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    more |= {"application_name": "commune-intake"}
    arguments = {name: value for name, value in more.items() if name not in url.query}
    # what the address says comes last, and wins
    arguments["options"] = f"{options} {url.query.get('options', '')}".strip()
    if password:
        arguments["password"] = password
    try:
        return sa.create_engine(
            url.difference_update_query(["options"]),
            connect_args=arguments,
            **pool,
            # a server that was restarted in between costs nothing, one in the middle one step
            pool_pre_ping=True,
        )
    except ModuleNotFoundError:
        raise RegistryProblem(
            "a registry on PostgreSQL needs the driver psycopg: pip install 'commune-intake[scale]'"
        ) from None


def shape(connection: sa.Connection, tables: sa.MetaData) -> None:
    """Make the tables behave as SQLite's, after a migration and inside its transaction.

    Text is ordered by its bytes whatever the database's language is, or two registries with the
    same content would show it in another order. And ids count without gaps, as AUTOINCREMENT does:
    a sequence does not go back with its transaction, and a replayed journal would find other ids
    than those that it tells of.

    Raises:
        RegistryProblem: the database cannot hold Vietnamese.
    """
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise RegistryProblem(
            f"{place(connection.engine.url)} has the encoding {encoding}: make the database anew "
            "with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
        )
    for table, columns in _ordered_by_language(connection):
        words = ", ".join(f'ALTER "{name}" TYPE {kind} COLLATE "C"' for name, kind in columns)
        connection.exec_driver_sql(f'ALTER TABLE "{table}" {words}')
    if not sa.inspect(connection).has_table("serials"):
        connection.exec_driver_sql(
            "CREATE TABLE serials (name text PRIMARY KEY, last integer NOT NULL)"
        )
        connection.exec_driver_sql(_NEXT)
    for name in counted(tables):
        known = connection.exec_driver_sql("SELECT 1 FROM serials WHERE name = %s", (name,))
        if known.one_or_none() is None:
            connection.exec_driver_sql(
                f"INSERT INTO serials SELECT '{name}', coalesce(max(id), 0) FROM {name}"  # noqa: S608
            )
            connection.exec_driver_sql(
                f"ALTER TABLE {name} ALTER id SET DEFAULT next_serial('{name}')"
            )
            connection.exec_driver_sql(f"DROP SEQUENCE IF EXISTS {name}_id_seq")


def counted(tables: sa.MetaData) -> list[str]:
    """Return the names of the tables whose ids the database gives."""
    return [
        name
        for name, table in tables.tables.items()
        if table.dialect_options["sqlite"]["autoincrement"]
    ]


def _ordered_by_language(
    connection: sa.Connection,
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield each table with its text columns that are not ordered by bytes yet."""
    rows = connection.exec_driver_sql(
        "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)"
        " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " JOIN pg_collation l ON l.oid = a.attcollation"
        " WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace"
        " AND a.attnum > 0 AND NOT a.attisdropped AND l.collname <> 'C'"
        " ORDER BY c.relname, a.attnum"
    ).all()
    for table in dict.fromkeys(row[0] for row in rows):
        yield table, [(name, kind) for owner, name, kind in rows if owner == table]


def describe(connection: sa.Connection) -> str:
    """Return what the server is: its version, the database's encoding and language."""
    version, encoding, language = connection.exec_driver_sql(
        "SELECT current_setting('server_version'), pg_encoding_to_char(encoding), datcollate"
        " FROM pg_database WHERE datname = current_database()"
    ).one()
    return f"PostgreSQL {version}, encoding {encoding}, language {language}"


def has_password(url: sa.URL) -> bool:
    """Whether an address tells a password, where logs and other users may see it."""
    return url.password is not None or not {"password", "sslpassword"}.isdisjoint(url.query)


def place(url: sa.URL) -> str:
    """Return the address for people: never with a password."""
    return url.difference_update_query(["password", "options"]).render_as_string()


def explained(url: sa.URL, error: Any, *, opening: bool) -> Exception | None:
    """Return what an error of the driver means, by its SQLSTATE and never by its text.

    A connection that cannot be made has none: then the server is asked whether it is up, which
    needs no login. While a registry is being ``opened`` a login that a running server refuses is
    the admin's to mend; later on it may be that too many are logged in, and is tried again.
    """
    state = getattr(error, "sqlstate", None)
    where = place(url)
    said = _words(error)
    if state is None:
        if not _is_connection(error):
            return None
        if opening and _refuses_login(url, error):
            return _refused(where, said)
        return RegistryBusy(f"{where} cannot be reached ({said}); it is tried again")
    if state.startswith(_PASSING):
        return RegistryBusy(f"{where} cannot be used now ({state}: {said}); it is tried again")
    if state.startswith(_REFUSED):
        return _refused(where, said)
    if state.startswith(_DAMAGED):
        return RegistryDamaged(
            f"{where} is damaged ({state}: {said}): stop the daemon, restore the database with "
            "PostgreSQL's own tools, or rebuild the registry from the vault (`intake replay`); "
            "the mailbox was not touched"
        )
    return None


def pool_exhausted(url: sa.URL) -> RegistryBusy:
    """Return the error of a process that has all its connections in use."""
    return RegistryBusy(
        f"no connection to {place(url)} became free in {_POOL_SECONDS:.0f} s; it is tried again"
    )


def _is_connection(error: Any) -> bool:
    import psycopg  # noqa: PLC0415  it is loaded: it raised the error

    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)


def _refuses_login(url: sa.URL, error: Any) -> bool:
    """Whether a connection failed although the server takes connections."""
    from psycopg import pq  # noqa: PLC0415  as above
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415

    if getattr(error, "pgconn", None) is None:  # its name is not known, say
        return False
    _, arguments = url.get_dialect()().create_connect_args(url)
    arguments = {"connect_timeout": _CONNECT_SECONDS, **arguments}
    return pq.PGconn.ping(make_conninfo(**arguments).encode()) == pq.Ping.OK


def _refused(where: str, said: str) -> RegistryProblem:
    return RegistryProblem(
        f"{where} refuses us ({said}): the database must be there and belong to this user, and its "
        "password stand where [storage] password_env or password_file says"
    )


def _words(error: Any) -> str:
    """Return what the server said, on one line."""
    told = error.diag.message_primary if hasattr(error, "diag") else None
    return " ".join((told or str(error)).split())[:300]
