"""A file on a network file system is recognised by the mount that holds it, and not written."""

import pytest

from icl_cli.errors import StoreError
from icl_cli.store import Database, list_runs
from icl_cli.store.sqlite import file_systems
from icl_cli.store.sqlite.file_systems import file_system_type, is_network

TABLE = r"""
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /srv rw,relatime shared:20 master:3 - nfs4 server:/srv rw,vers=4.2
31 30 8:2 / /srv/one/scratch rw - xfs /dev/sdb1 rw
32 22 0:41 / /mnt/two\040words rw - cifs //server/share rw
33 22 0:42 / /mnt/covered rw - ext4 /dev/sdc1 rw
34 33 0:43 / /mnt/covered rw - fuse.sshfs user@server:/ rw
35 22 0:44 / /mnt/lustre rw master:1 - lustre mds@tcp:/lustre rw
36 22 8:3 /a\134b /mnt/back\134slash rw - btrfs /dev/sdd1 rw
this is no mount
37 22 0:45 / /mnt/cut
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/results.db", "ext4"),
        ("/srvwork/results.db", "ext4"),
        ("/srv/results.db", "nfs4"),
        ("/srv/one/results.db", "nfs4"),
        ("/srv/one/scratch/results.db", "xfs"),
        ("/srv/one/scratches/results.db", "nfs4"),
        ("/mnt/two words/results.db", "cifs"),
        ("/mnt/covered/deep/er/results.db", "fuse.sshfs"),
        ("/mnt/lustre/results.db", "lustre"),
        ("/mnt/lustre", "lustre"),
        ("/mnt/back\\slash/results.db", "btrfs"),
        ("/mnt/cut/results.db", "ext4"),
    ],
)
def test_the_deepest_and_last_mount_counts(path, kind):
    assert file_system_type(path, TABLE) == kind


def test_without_mounts_nothing_is_known():
    assert file_system_type("/results.db", "") is None


@pytest.mark.parametrize(
    "kind", ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "lustre", "gpfs", "beegfs", "afs", "ceph", "fuse.glusterfs"]
)
def test_network(kind):
    assert is_network(kind)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "9p", "virtiofs", "fuse.mergerfs"])
def test_local(kind):
    assert not is_network(kind)


@pytest.fixture
def mounted(tmp_path, monkeypatch):
    """Make the tests' folder look like a mount of this type."""

    def mount(kind: str) -> None:
        table = tmp_path / "mountinfo"
        point = str(tmp_path).replace(" ", r"\040")
        table.write_text(f"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n30 22 0:4 / {point} rw - {kind} somewhere rw\n")
        monkeypatch.setattr(file_systems, "MOUNT_TABLE", table)

    return mount


def test_a_file_on_the_network_is_read_and_not_written(tmp_path, mounted):
    path = tmp_path / "results.db"
    Database.open(path, mode="create").close()
    before = path.read_bytes()
    mounted("nfs4")
    for mode, name in (("create", "results.db"), ("write", "results.db"), ("create", "new.db")):
        with pytest.raises(StoreError, match=r"network file system \(nfs4\).*one host.*local disk.*postgresql://"):
            Database.open(tmp_path / name, mode=mode)
    assert path.read_bytes() == before
    assert not (tmp_path / "new.db").exists()
    with Database.open(path, mode="read") as database:
        assert list_runs(database) == []


def test_a_link_is_judged_by_where_it_leads(tmp_path, mounted, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("local") / "results.db"
    (tmp_path / "link.db").symlink_to(elsewhere)
    mounted("nfs4")
    Database.open(tmp_path / "link.db", mode="create").close()
    assert elsewhere.exists()


def test_where_there_is_no_table_of_mounts_files_are_taken_for_local(tmp_path, monkeypatch):
    monkeypatch.setattr(file_systems, "MOUNT_TABLE", tmp_path / "missing")
    Database.open(tmp_path / "results.db", mode="create").close()
    assert (tmp_path / "results.db").exists()
