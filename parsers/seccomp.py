"""Which calls of the kernel a process may still make: filters of seccomp, built without a library.

Filters, as data: ``READER`` and ``ALONE`` for our own workers, ``OFFICE`` for LibreOffice. A filter
is put on by the process itself, cannot be taken off, and is inherited by what it becomes.
Linux ≥ 3.5 on x86_64 and aarch64; ``install`` says whether it is there.
"""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, Literal

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_SECCOMP: Final = 22
_PR_SET_DUMPABLE: Final = 4
_FILTER: Final = 2
_AF_UNIX: Final = 1
_CLONE_THREAD: Final = 0x10000
#: Stands for the number of the process that the filter is for.
_OWN: Final = -1
#: Bits of ``open`` that change something; O_TMPFILE without O_DIRECTORY, for listing is fine.
_WRITING: Final = (
    os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | (os.O_TMPFILE & ~os.O_DIRECTORY)
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One call that fails with ``error``: always, or when the test of one argument says so.

    ``any-bit``: some of these bits are set; ``no-bit``: none is; ``equal``, ``other``: the argument
    has this value, or another. Only the lower 32 bits are looked at: flags, numbers of processes
    and of families have no more.
    """

    call: str
    error: int = errno.EPERM
    test: Literal["always", "any-bit", "no-bit", "equal", "other"] = "always"
    argument: int = 0
    value: int = 0


def _refused(calls: str, error: int = errno.EPERM) -> tuple[Rule, ...]:
    return tuple(Rule(call, error) for call in calls.split())


#: What nobody who reads a document has to do with: other processes, the machine, what outlives us.
_FOREIGN: Final = (
    *_refused(
        "fork vfork ptrace process_vm_readv process_vm_writev kcmp tkill rt_sigqueueinfo "
        "rt_tgsigqueueinfo setpriority ioprio_set sched_setparam sched_setscheduler "
        "sched_setaffinity sched_setattr migrate_pages move_pages"
    ),
    *(Rule(call, test="other", value=_OWN) for call in ("kill", "tgkill")),  # abort() uses them
    Rule("prlimit64", test="other"),  # 0 is the caller; it may lower its own limits
    Rule("prctl", test="equal", value=_PR_SET_PDEATHSIG),  # nobody outlives the parent
    Rule("prctl", test="equal", value=_PR_SET_DUMPABLE),
    *_refused(
        "mount umount2 pivot_root chroot setns unshare init_module finit_module delete_module "
        "kexec_load kexec_file_load reboot swapon swapoff acct quotactl personality syslog "
        "settimeofday clock_settime adjtimex clock_adjtime sethostname setdomainname iopl ioperm "
        "modify_ldt name_to_handle_at open_by_handle_at fanotify_init vhangup bpf perf_event_open "
        "userfaultfd keyctl add_key request_key shmget msgget semget mq_open"
    ),
)

#: Rights, owners and times of files, which Landlock lets pass anywhere; files that are memory.
_CHANGED: Final = _refused(
    "chmod fchmod fchmodat chown fchown lchown fchownat utime utimes futimesat utimensat setxattr "
    "lsetxattr fsetxattr removexattr lremovexattr fremovexattr memfd_create"
)

#: A reader has its pipes and reads files of the program: no socket of any kind, no program, no
#: process, nothing opened for writing, nothing made, moved, removed or changed.
READER: Final = (
    *_FOREIGN,
    *_refused("socket socketpair connect bind listen accept accept4", errno.EACCES),
    *_refused("sendto sendmsg sendmmsg", errno.EACCES),
    *_refused("execve execveat"),
    Rule("clone", test="no-bit", value=_CLONE_THREAD),
    Rule("open", errno.EACCES, "any-bit", 1, _WRITING),
    Rule("openat", errno.EACCES, "any-bit", 2, _WRITING),
    *_refused(
        "creat truncate rename renameat renameat2 link linkat symlink symlinkat unlink unlinkat "
        "mkdir mkdirat rmdir mknod mknodat",
        errno.EACCES,
    ),
    *_CHANGED,
)

#: On top of it: no thread either. One kind of picture is never decoded without.
ALONE: Final = (Rule("clone", errno.EAGAIN),)

#: LibreOffice starts threads and listens on a local socket of its own; it starts no process and
#: speaks to nobody: Landlock lets a path to another program's socket pass (a bus, a container's).
#: ``access`` to write is refused: it knows nothing of Landlock and would tell LibreOffice that /tmp
#: may take its pipe; told no, it puts the pipe where ``OSL_SOCKET_PATH`` says.
OFFICE: Final = (
    *_FOREIGN,
    Rule("clone", test="no-bit", value=_CLONE_THREAD),
    Rule("socket", errno.EACCES, "other", 0, _AF_UNIX),
    *_refused("connect sendto sendmsg sendmmsg", errno.ECONNREFUSED),
    *_CHANGED,
    Rule("access", errno.EACCES, "equal", 1, os.W_OK),
    Rule("faccessat", errno.EACCES, "equal", 2, os.W_OK),
)

# --- the calls' numbers ---------------------------------------------------------------------------

#: Calls from here on (Linux 5.1) have one number on all machines. They "do not exist", as on an
#: older kernel: io_uring opens files unseen, clone3 and openat2 hide their flags in memory, and
#: nobody knows yet what later ones will do. But these only wait, close, or look.
_NEW: Final = 424
_HARMLESS: Final = {
    "close_range": 436,
    "faccessat2": 439,
    "epoll_pwait2": 441,
    "futex_waitv": 449,
    "map_shadow_stack": 453,
    "futex_wake": 454,
    "futex_wait": 455,
    "futex_requeue": 456,
    "mseal": 462,
}
#: Bit of the calls of x32, a second table of the same processor.
_X32: Final = 0x40000000
#: Machine → its audit architecture, and its column below.
_MACHINES: Final = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
#: Name, number on x86_64, on aarch64 ("-" = has none): asm/unistd_64.h, asm-generic/unistd.h.
_TABLE: Final = """
accept 43 202; accept4 288 242; access 21 -; acct 163 89; add_key 248 217; adjtimex 159 171;
bind 49 200; bpf 321 280; chmod 90 -; chown 92 -; chroot 161 51; clock_adjtime 305 266;
clock_settime 227 112; clone 56 220; connect 42 203; creat 85 -; delete_module 176 106;
execve 59 221; execveat 322 281; faccessat 269 48; fanotify_init 300 262; fchmod 91 52;
fchmodat 268 53; fchown 93 55; fchownat 260 54; finit_module 313 273; fork 57 -;
fremovexattr 199 16; fsetxattr 190 7; futimesat 261 -; init_module 175 105; ioperm 173 -;
iopl 172 -; ioprio_set 251 30; kcmp 312 272; kexec_file_load 320 294; kexec_load 246 104;
keyctl 250 219; kill 62 129; lchown 94 -; link 86 -; linkat 265 37; listen 50 201;
lremovexattr 198 15; lsetxattr 189 6; memfd_create 319 279; migrate_pages 256 238; mkdir 83 -;
mkdirat 258 34; mknod 133 -; mknodat 259 33; modify_ldt 154 -; mount 165 40; move_pages 279 239;
mq_open 240 180; msgget 68 186; name_to_handle_at 303 264; open 2 -; open_by_handle_at 304 265;
openat 257 56; perf_event_open 298 241; personality 135 92; pivot_root 155 41; prctl 157 167;
prlimit64 302 261; process_vm_readv 310 270; process_vm_writev 311 271; ptrace 101 117;
quotactl 179 60; reboot 169 142; removexattr 197 14; rename 82 -; renameat 264 38;
renameat2 316 276; request_key 249 218; rmdir 84 -; rt_sigqueueinfo 129 138;
rt_tgsigqueueinfo 297 240; sched_setaffinity 203 122; sched_setattr 314 274;
sched_setparam 142 118; sched_setscheduler 144 119; semget 64 190; sendmmsg 307 269;
sendmsg 46 211; sendto 44 206; setdomainname 171 162; sethostname 170 161; setns 308 268;
setpriority 141 140; settimeofday 164 170; setxattr 188 5; shmget 29 194; socket 41 198;
socketpair 53 199; swapoff 168 225; swapon 167 224; symlink 88 -; symlinkat 266 36; syslog 103 116;
tgkill 234 131; tkill 200 130; truncate 76 45; umount2 166 39; unlink 87 -; unlinkat 263 35;
unshare 272 97; userfaultfd 323 282; utime 132 -; utimensat 280 88; utimes 235 -; vfork 58 -;
vhangup 153 58
"""


def numbers(machine: str) -> dict[str, int]:
    """Return the numbers of the calls named in the filters, empty on a machine not known here."""
    if machine not in _MACHINES:
        return {}
    column = _MACHINES[machine][1] + 1
    rows = (entry.split() for entry in _TABLE.split(";"))
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}


# --- the filter as a program ----------------------------------------------------------------------

#: Classic BPF: load a word, jump if equal, if greater or equal, if any bit is set; return.
_LOAD, _EQUAL, _FROM, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000
#: Offsets in struct seccomp_data: number of the call, architecture, low halves of the arguments.
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, (16, 24, 32)


def install(libc: ctypes.CDLL, rules: Sequence[Rule]) -> bool:
    """Put a filter on the calling process for good; false where this machine has none.

    Needs no new privileges (``PR_SET_NO_NEW_PRIVS``) for an ordinary user.
    """
    steps = program(rules, platform.machine(), os.getpid())
    code = ctypes.create_string_buffer(b"".join(steps))
    head = struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(code))
    return bool(steps) and libc.prctl(_PR_SET_SECCOMP, _FILTER, head, 0, 0) == 0


def program(rules: Sequence[Rule], machine: str, own: int) -> list[bytes]:
    """Return the instructions of a filter; empty on a machine whose calls are not known here.

    ``own`` is the number of the process. Calls of another architecture than the machine's fail.
    """
    known = numbers(machine)
    if not known:
        return []
    harmless = len(_HARMLESS)
    old = (_refusing(rule, known[rule.call], own) for rule in rules if rule.call in known)
    return [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, _MACHINES[machine][0], skip_false=2),
        _step(_LOAD, _NUMBER),
        _step(_ANY_BIT, _X32, skip_false=1),
        _fail(errno.ENOSYS),
        _step(_FROM, _NEW, skip_false=harmless + 2),
        *(
            _step(_EQUAL, call, skip_true=harmless - at)
            for at, call in enumerate(_HARMLESS.values())
        ),
        _fail(errno.ENOSYS),
        _step(_RETURN, _ALLOW),
        *chain.from_iterable(old),
        _step(_RETURN, _ALLOW),
    ]


def _refusing(rule: Rule, call: int, own: int) -> list[bytes]:
    value = own if rule.value == _OWN else rule.value
    fail = _fail(rule.error)
    if rule.test == "always":
        return [_step(_EQUAL, call, skip_false=1), fail]
    kind = _EQUAL if rule.test in {"equal", "other"} else _ANY_BIT
    when = rule.test in {"equal", "any-bit"}
    return [
        _step(_EQUAL, call, skip_false=4),
        _step(_LOAD, _ARGUMENTS[rule.argument]),
        _step(kind, value, skip_true=int(not when), skip_false=int(when)),
        fail,
        _step(_LOAD, _NUMBER),
    ]


def _fail(error: int) -> bytes:
    return _step(_RETURN, _FAIL | error)


def _step(code: int, value: int, *, skip_true: int = 0, skip_false: int = 0) -> bytes:
    return struct.pack("<HBBI", code, skip_true, skip_false, value)
