"""OpenStack Swift in one process: account, container, object and proxy server, with S3's protocol.

Run as a program: ``swift_server.py FOLDER PORT KEY SECRET``; prints ``ready`` when it takes
connections. Objects are files of FOLDER; signatures (SigV4) and conditional PUTs are checked.
"""

import eventlet

eventlet.patcher.monkey_patch()

import os  # noqa: E402  after the patch, which must come first
import socket  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

from eventlet import wsgi  # noqa: E402
from swift.common import constraints, storage_policy, utils  # noqa: E402
from swift.common.http_protocol import SwiftHttpProtocol  # noqa: E402
from swift.common.ring import RingBuilder  # noqa: E402
from swift.common.wsgi import loadapp  # noqa: E402

_HASHING = b"of this test"
_SWIFT = """\
[swift-hash]
swift_hash_path_suffix = test
swift_hash_path_prefix = test
[storage-policy:0]
name = one
default = yes
"""
#: Its own are half a second and one: what a machine with much else to do lets pass between two of
#: its turns. Then it takes its only disk for a broken one, or lists later what it has taken.
_PATIENCE = """\
conn_timeout = 60
node_timeout = 60
container_update_timeout = 60
"""
_STORAGE = f"""\
[DEFAULT]
{_PATIENCE}\
swift_dir = {{folder}}
devices = {{folder}}/devices
mount_check = false
log_level = ERROR
[pipeline:main]
pipeline = {{name}}-server
[app:{{name}}-server]
use = egg:swift#{{name}}
"""
_PROXY = f"""\
[DEFAULT]
{_PATIENCE}\
swift_dir = {{folder}}
log_level = ERROR
[pipeline:main]
pipeline = catch_errors listing_formats cache s3api tempauth copy slo symlink versioned_writes
 proxy-server
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
check_bucket_owner = false
[filter:tempauth]
use = egg:swift#tempauth
user_{{user}} = {{secret}} .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:symlink]
use = egg:swift#symlink
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_object_versioning = true
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
"""


class _Silence:
    """Where the servers write what they were asked."""

    def write(self, text: str) -> None:
        """Forget it."""

    def flush(self) -> None:
        """Do nothing."""

    def debug(self, *_: object) -> None:
        """Forget it."""

    info = warning = error = debug


def main(folder: Path, port: int, key: str, secret: str) -> None:
    """Serve until killed."""
    (folder / "devices" / "disk").mkdir(parents=True, exist_ok=True)
    (folder / "swift.conf").write_text(_SWIFT)
    utils.SWIFT_CONF_FILE = str(folder / "swift.conf")
    constraints.reload_constraints()
    storage_policy.reload_storage_policies()
    utils.HASH_PATH_PREFIX = utils.HASH_PATH_SUFFIX = _HASHING
    for name in ("account", "container", "object"):
        listening = _listen(0)
        _ring(folder / f"{name}.ring.gz", listening.getsockname()[1])
        _serve(folder, name, _STORAGE.format(folder=folder, name=name), listening)
    facts = {"folder": folder, "user": key.replace(":", "_"), "secret": secret}
    serving = _serve(folder, "proxy", _PROXY.format(**facts), _listen(port))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    serving.wait()


def _listen(port: int) -> eventlet.greenio.GreenSocket:
    """Listen on loopback; small answers do not wait for each other (Nagle)."""
    listening = eventlet.listen(("127.0.0.1", port))
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _ring(path: Path, port: int) -> None:
    builder = RingBuilder(2, 1, 1)
    device = {"id": 0, "region": 1, "zone": 1, "ip": "127.0.0.1", "port": port, "device": "disk"}
    builder.add_dev({**device, "weight": 1})
    builder.rebalance()
    builder.get_ring().save(str(path))


def _serve(
    folder: Path, name: str, config: str, listening: eventlet.greenio.GreenSocket
) -> eventlet.greenthread.GreenThread:
    path = folder / f"{name}.conf"
    path.write_text(config)
    app = loadapp(str(path))
    return eventlet.spawn(
        wsgi.server, listening, app, _Silence(), protocol=SwiftHttpProtocol, keepalive=True
    )


if __name__ == "__main__":
    os.environ["TZ"] = "UTC+0"
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4])
