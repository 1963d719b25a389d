"""Files come to their places whole and together, or not at all; no symbolic link leads them elsewhere."""

import os
import stat

import pytest
from full_disk import largest_file

from icl_cli.output_places import NewFiles, make_subfolder, write_files


def _contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_files_replace_what_was_there(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    write_files({tmp_path / "a": b"new", tmp_path / "b": b""})
    assert _contents(tmp_path) == {"a": b"new", "b": b""}


def test_where_a_file_cannot_be_written_all_is_as_before(tmp_path):
    (tmp_path / "b").write_bytes(b"old")
    with pytest.raises(OSError, match="too large") as raised, largest_file(1000):
        write_files({tmp_path / "a": b"new", tmp_path / "b": bytes(2000)})
    assert raised.value.filename == str(tmp_path / "b")
    assert _contents(tmp_path) == {"b": b"old"}


def test_what_stops_the_writer_stops_all_its_files(tmp_path):
    files = NewFiles()
    files.write(tmp_path / "a", b"new")
    assert not (tmp_path / "a").exists()
    files.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert _contents(tmp_path) == {}


@pytest.mark.parametrize("exists", [True, False])
def test_a_symbolic_link_is_replaced_and_not_followed(tmp_path, exists):
    folder, elsewhere = tmp_path / "folder", tmp_path / "elsewhere"
    folder.mkdir()
    if exists:
        elsewhere.write_bytes(b"precious")
    (folder / "a").symlink_to(elsewhere)
    write_files({folder / "a": b"new"})
    assert not (folder / "a").is_symlink()
    assert _contents(folder) == {"a": b"new"}
    assert elsewhere.exists() == exists
    assert not exists or elsewhere.read_bytes() == b"precious"


def test_a_folder_that_is_a_symbolic_link_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "figures").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic link"):
        make_subfolder(tmp_path / "figures")


def test_unfinished_names_cannot_be_guessed(tmp_path):
    names = set()
    for _ in range(2):
        with NewFiles() as files:
            files.write(tmp_path / "a", b"")
            names |= {path.name for path in tmp_path.iterdir()} - {"a"}
    assert len(names) == 2


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_the_users_umask_decides_who_may_read(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_files({tmp_path / "a": b"new"})
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == mode
