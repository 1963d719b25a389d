"""Which file system holds a file, as far as SQLite minds.

The write-ahead log's index is memory that processes share, which hosts cannot (https://sqlite.org/wal.html).
9p and virtiofs are not among them: they join a virtual machine to its host, and containers have nothing else.
"""

import os
import re
from pathlib import Path, PurePosixPath

MOUNT_TABLE = Path("/proc/self/mountinfo")
NETWORK_FILE_SYSTEMS = frozenset(
    (
        "afs",
        "beegfs",
        "beegfs_nodev",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "gfs2",
        "glusterfs",
        "gpfs",
        "kafs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "orangefs",
        "panfs",
        "pvfs2",
        "smb",
        "smb2",
        "smb3",
        "smbfs",
        "wekafs",
    )
)
NETWORK_FUSE = frozenset(
    (
        "beegfs",
        "blobfuse",
        "blobfuse2",
        "ceph",
        "ceph-fuse",
        "cephfs",
        "curlftpfs",
        "davfs",
        "davfs2",
        "gcsfuse",
        "glusterfs",
        "goofys",
        "juicefs",
        "mfs",
        "moosefs",
        "mount-s3",
        "onedriver",
        "rclone",
        "s3fs",
        "s3ql",
        "seaweedfs",
        "smbnetfs",
        "sshfs",
    )
)


def file_system_type(path: str, table: str) -> str | None:
    """The type of the file system that holds the absolute `path`, by a table of mounts; None if no mount holds it.

    `table` is the text of Linux's /proc/self/mountinfo: of the mounts whose points lead to `path` the deepest counts,
    and of several at one point the last, which covers the others.
    """
    deepest, kind = -1, None
    for line in table.splitlines():
        fields, separator, source = line.partition(" - ")
        if not separator or len(fields.split(" ")) < 5 or not source.strip():
            continue
        point = PurePosixPath(_unescaped(fields.split(" ")[4]))
        if PurePosixPath(path).is_relative_to(point) and len(point.parts) >= deepest:
            deepest, kind = len(point.parts), source.split()[0]
    return kind


def is_network(kind: str) -> bool:
    """Whether a file system of this type may be shared by several hosts: "nfs4", "fuse.sshfs", ..."""
    return kind in NETWORK_FILE_SYSTEMS or kind.removeprefix("fuse.") in NETWORK_FUSE


def network_file_system(path: Path) -> str | None:
    """The type of the network file system that holds `path`; None for a local one, and where that cannot be known."""
    try:
        table = MOUNT_TABLE.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    kind = file_system_type(os.fspath(path), table)
    return kind if kind is not None and is_network(kind) else None


def _unescaped(point: str) -> str:
    """Linux writes blanks, tabs, line ends and backslashes in a mount point as three octal digits."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), point)
