"""`icl import` of archives that somebody tampered with: one line, and nothing changes."""

import json
import re
import shutil
import stat
import sys
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from bundles import altered_database, bundle, contents, fill, imported_rows, pack, rows

from icl_cli.errors import IclError, UsageError
from icl_cli.report.bundle import limits, opening
from icl_cli.report.bundle.importing import import_bundle
from icl_cli.report.bundle.opening import BundleError
from icl_cli.store import Database, check_database

OLD = Path(__file__).parent.parent / "store" / "old" / "0001.db"


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Path:
    """A bundle with which nothing is wrong."""
    folder = tmp_path_factory.mktemp("good")
    with Database.open(folder / "results.db", mode="create") as database:
        fill(database)
        bundle(database, folder / "good.zip")
    return folder / "good.zip"


@pytest.fixture
def files(good):
    return contents(good)


def refused(file: Path) -> str:
    """The one line with which an archive is refused, before any database is opened."""
    with pytest.raises(IclError) as raised:
        import_bundle(file, lambda: pytest.fail("the target was opened"))
    message = str(raised.value)
    assert isinstance(raised.value, BundleError), message
    assert message.isprintable()
    assert len(message) < 700
    assert str(file) in message
    return message


def imported(file: Path, tmp_path: Path) -> int:
    return import_bundle(file, lambda: Database.open(tmp_path / "target.db", mode="create")).copied


def rebuilt(good: Path, file: Path, change) -> Path:
    """The bundle with its entries changed one by one: `change` gets each and says what is written in its place."""
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(file, "w") as target:
        for entry in source.infolist():
            for changed, content in change(entry, source.read(entry)):
                target.writestr(changed, content)
    return file


def with_entry(good: Path, file: Path, name: str, mode: int = 0, content: bytes = b"x") -> Path:
    shutil.copy(good, file)
    entry = zipfile.ZipInfo("placeholder")
    # As it stands: the constructor would put a backslash right.
    entry.filename = entry.orig_filename = name
    entry.external_attr = mode << 16
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(entry, content)
    return file


def test_a_bundle_that_was_unpacked_and_packed_again_is_read(good, files, tmp_path):
    with zipfile.ZipFile(tmp_path / "again.zip", "w", zipfile.ZIP_STORED) as archive:
        archive.mkdir("icl-bundle")
        archive.mkdir("icl-bundle/report")
        for path, content in sorted(files.items(), reverse=True):
            archive.writestr(f"icl-bundle/{path}", content)
    assert imported(tmp_path / "again.zip", tmp_path) == 5
    with Database.open(tmp_path / "target.db", mode="read") as target:
        assert check_database(target).problems == ()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../evil", "is no path within the archive"),
        ("icl-bundle/../../evil", "is no path within the archive"),
        ("/etc/evil", "is no path within the archive"),
        ("icl-bundle//evil", "is no path within the archive"),
        ("icl-bundle/./evil", "is no path within the archive"),
        ("icl-bundle\\evil", "is no path within the archive"),
        ("C:/evil", "is no path within the archive"),
        ("icl-bundle/a\x1b[31mred", r"icl-bundle/a\\x1b\[31mred' is no path within the archive"),
        ("elsewhere/evil", "is not in the folder icl-bundle"),
        ("icl-bundle", "is not in the folder icl-bundle"),
        ("icl-bundle/evil", "evil has no checksum"),
        ("icl-bundle/README.txt", "README.txt comes twice"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_no_bundle_has(good, tmp_path, name, said):
    assert re.search(said, refused(with_entry(good, tmp_path / "bad.zip", name)))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFDIR])
def test_links_and_devices(good, tmp_path, kind):
    file = with_entry(good, tmp_path / "bad.zip", "icl-bundle/link", kind | 0o777, b"/etc/passwd")
    assert "is a link or no regular file" in refused(file)


def test_nothing_is_ever_unpacked_under_a_name_of_the_archive(good, tmp_path, monkeypatch):
    monkeypatch.setattr(zipfile.ZipFile, "extract", lambda *_: pytest.fail("extracted"))
    monkeypatch.setattr(zipfile.ZipFile, "extractall", lambda *_: pytest.fail("extracted"))
    assert imported(good, tmp_path) == 5


def test_a_bomb_is_not_unpacked(files, tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "HARMLESS_BYTES", 1000)
    file = pack(tmp_path / "bomb.zip", {**files, "zeros": bytes(100 * 2**20)})
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("unpacked"))
    assert "bytes would come out of it" in refused(file)


def test_too_many_files_and_too_many_bytes(good, monkeypatch):
    monkeypatch.setattr(limits, "MOST_FILES", 3)
    assert "allowed are 3 files" in refused(good)
    monkeypatch.undo()
    monkeypatch.setattr(limits, "MOST_BYTES", 1000)
    assert "with 1000 bytes" in refused(good)


def test_an_archives_directory_is_not_read_at_any_size(good, monkeypatch):
    monkeypatch.setattr(opening, "MOST_AT_ONCE", 500)
    assert "directory is too large" in refused(good)


def test_a_file_that_is_larger_or_smaller_than_declared(good, tmp_path):
    whole = bytearray(good.read_bytes())
    with zipfile.ZipFile(good) as archive:
        entry = archive.getinfo("icl-bundle/results.db")
    # The size unpacked, in the directory at the archive's end.
    place = whole.rindex(entry.file_size.to_bytes(4, "little"))
    for size in (entry.file_size - 4096, entry.file_size + 4096):
        whole[place : place + 4] = size.to_bytes(4, "little")
        (tmp_path / "lies.zip").write_bytes(whole)
        assert "damaged" in refused(tmp_path / "lies.zip")


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_archive(good, tmp_path, kept):
    whole = good.read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: int(len(whole) * kept)])
    assert "no zip archive, or is damaged" in refused(tmp_path / "cut.zip")


def test_flipped_bytes_anywhere_never_pass(good, tmp_path):
    whole = good.read_bytes()
    before, passed = imported_rows(good.with_name("results.db")), 0
    for place in range(0, len(whole), max(1, len(whole) // 60)):
        changed = bytearray(whole)
        changed[place] ^= 0xFF
        (tmp_path / "flipped.zip").write_bytes(changed)
        with suppress(BundleError):
            passed += imported(tmp_path / "flipped.zip", tmp_path) > 0
        # What passes was flipped where it says nothing of the content, as in a date; what does not, leaves no trace.
        if (tmp_path / "target.db").exists():
            assert rows(tmp_path / "target.db") == before
    assert passed < 6


@pytest.mark.parametrize("content", [b"", b"PK", b"SQLite format 3\0" * 100, b"PK\5\6" + bytes(18)])
def test_what_is_no_archive(tmp_path, content):
    (tmp_path / "not.zip").write_bytes(content)
    assert "no" in refused(tmp_path / "not.zip")


def test_a_missing_archive_and_a_folder(tmp_path):
    for path in (tmp_path / "missing.zip", tmp_path):
        with pytest.raises(UsageError, match=f"No archive at {path}"):
            import_bundle(path, lambda: pytest.fail("the target was opened"))


def test_encrypted_and_oddly_packed_entries(good, tmp_path):
    def lzma(entry, content):
        entry.compress_type = zipfile.ZIP_LZMA
        yield entry, content

    assert "packed in a way" in refused(rebuilt(good, tmp_path / "lzma.zip", lzma))
    whole = bytearray(good.read_bytes())
    place = whole.rindex(b"PK\1\2")
    whole[place + 8] |= 1
    (tmp_path / "secret.zip").write_bytes(whole)
    assert "is encrypted" in refused(tmp_path / "secret.zip")


@pytest.mark.parametrize("path", ["bundle.json", "SHA256SUMS", "results.db", "README.txt"])
def test_a_file_that_is_missing(files, tmp_path, path):
    left = {name: content for name, content in files.items() if name != path}
    assert path in refused(pack(tmp_path / "less.zip", left, sums=False))


@pytest.mark.parametrize("path", ["README.txt", "report/index.html", "results.db", "bundle.json"])
def test_a_file_that_is_not_what_its_checksum_says(files, tmp_path, path):
    changed = {**files, path: files[path] + b" "}
    assert f"{path} is not what its checksum says" in refused(pack(tmp_path / "changed.zip", changed, sums=False))


@pytest.mark.parametrize(
    "text", [b"nonsense\n", b"\xff\xfe", b"0" * 64 + b"  results.db\n" + b"0" * 64 + b"  results.db\n"]
)
def test_checksums_that_make_no_sense(files, tmp_path, text):
    changed = {**files, "SHA256SUMS": text}
    assert "SHA256SUMS cannot be understood" in refused(pack(tmp_path / "sums.zip", changed, sums=False))


def test_a_newer_format_says_what_helps(files, tmp_path):
    manifest = json.loads(files["bundle.json"])
    newer = {**files, "bundle.json": json.dumps(manifest | {"format": 2, "new": "thing"}).encode()}
    assert "format 2, newer than this icl knows (1). Update it" in refused(pack(tmp_path / "newer.zip", newer))
    same = {**files, "bundle.json": json.dumps(manifest | {"new": "thing"}).encode()}
    assert imported(pack(tmp_path / "same.zip", same), tmp_path) == 5


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "1"}', "[" * 100_000, '{"format": 0}', "\x00"])
def test_a_manifest_that_makes_no_sense(files, tmp_path, text):
    changed = {**files, "bundle.json": text.encode()}
    assert "bundle.json cannot be understood" in refused(pack(tmp_path / "odd.zip", changed))


def test_another_number_of_runs_than_announced(files, tmp_path):
    manifest = json.loads(files["bundle.json"]) | {"runs": 4}
    changed = {**files, "bundle.json": json.dumps(manifest).encode()}
    assert "5 runs are in it, 4 were announced" in refused(pack(tmp_path / "few.zip", changed))


ONE_RUN = "id = (SELECT max(id) FROM runs)"


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("CREATE TRIGGER evil AFTER INSERT ON runs BEGIN DELETE FROM runs; END", "a trigger"),
        ("CREATE VIEW evil AS SELECT * FROM runs", "a view"),
        ("CREATE VIRTUAL TABLE evil USING fts5(a)", "a table evil"),
        ("CREATE TABLE evil (a)", "a table evil"),
        (
            "ALTER TABLE sweeps ADD COLUMN evil GENERATED ALWAYS AS (length(name))",
            "in its table sweeps, which no results database has",
        ),
        ("CREATE INDEX evil ON runs (length(name))", "an index evil"),
        ("CREATE INDEX evil ON runs (name) WHERE step > 1", "an index evil"),
        ("ALTER TABLE runs DROP COLUMN error", "lacks 'error TEXT' in its table runs"),
        ("DROP TABLE curves", "lacks the table curves"),
        (f"UPDATE runs SET config = '{{}}' WHERE {ONE_RUN}", "cannot be read"),
        (f"UPDATE runs SET step = 'many' WHERE {ONE_RUN}", "a row of runs has a step"),
        (f"UPDATE runs SET step = -1 WHERE {ONE_RUN}", "a row of runs has a step"),
        (f"UPDATE runs SET step = 99999999999 WHERE {ONE_RUN}", "a row of runs has a step"),
        (f"UPDATE runs SET created_at = 'yesterday' WHERE {ONE_RUN}", "a row of runs has a created_at"),
        (f"UPDATE runs SET created_at = '2025-19-39 29:00:00.000000' WHERE {ONE_RUN}", "its database"),
        (f"UPDATE runs SET status = 'splendid' WHERE {ONE_RUN}", "cannot be read"),
        (f"UPDATE runs SET name = 'a' || char(27) || '[31m' WHERE {ONE_RUN}", "a row of runs has a name"),
        (f"UPDATE runs SET name = 'latest' WHERE {ONE_RUN}", "cannot be a name"),
        (f"UPDATE runs SET name = '{'x' * 81}' WHERE {ONE_RUN}", "a row of runs has a name"),
        (f"UPDATE runs SET error = 'a' || char(27) WHERE {ONE_RUN}", "signs that cannot be printed"),
        (f"UPDATE runs SET note = 'a' || char(27) WHERE {ONE_RUN}", "signs that cannot be printed"),
        (f"INSERT INTO run_tags SELECT id, 'a' || char(27) FROM runs WHERE {ONE_RUN}", "run_tags has a tag"),
        (f"""UPDATE runs SET provenance = '{{"host": "\\u001b"}}' WHERE {ONE_RUN}""", "signs that cannot be printed"),
        (f"UPDATE runs SET provenance = '[]' WHERE {ONE_RUN}", "provenance"),
        (f"UPDATE runs SET provenance = '{'[' * 100_000}' WHERE {ONE_RUN}", "its database"),
        (f"UPDATE runs SET owner = CAST(x'fffe' AS TEXT) WHERE {ONE_RUN}", "its database"),
        ("UPDATE metrics SET value_nonfinite = 'x'", "a row of metrics has a value_nonfinite"),
        ("UPDATE metrics SET value = 'x'", "a row of metrics has a value"),
        ("UPDATE summaries SET name = 'a' || char(9)", "a row of summaries has a name"),
        ("UPDATE snapshots SET weights = 'text'", "a row of snapshots has a weights"),
        ("UPDATE snapshots SET weights = x'00'", "were altered"),
        ("UPDATE baselines SET depends_on = '{}'", "was altered"),
        ("UPDATE sweeps SET content = '{}'", "was altered"),
        ("DELETE FROM runs WHERE name = 'interrupted'", "a row of runs that is missing"),
        ("INSERT INTO run_tags SELECT id, char(0x202e) || 'gnp.exe' FROM runs", "a row of run_tags has a tag"),
        ("UPDATE runs SET owner = 'here' || char(0x202e)", "a row of runs has a owner"),
        ("INSERT INTO run_tags SELECT id, ' ' FROM runs", "A tag has 1 to 80 printable characters"),
        ("INSERT INTO run_tags SELECT id, 'latest' FROM runs", "cannot be a name"),
        ("INSERT INTO run_tags SELECT id, 'none' FROM runs", "means no tag at all"),
        *(
            (
                f"UPDATE OR IGNORE {table} SET {column} = {column} || char(0x202e)",
                f"a row of {table} has a {column} that",
            )
            for table, column in (
                ("baselines", "name"),
                ("curves", "kind"),
                ("curves", "learner"),
                ("comparisons", "measure"),
            )
        ),
        *(
            (f"UPDATE {table} SET {column} = {number}", f"a row of {table} has a {column} that is not allowed")
            for table, column in (
                ("runs", "training_seconds"),
                ("metrics", "value"),
                ("summaries", "standard_error"),
                ("baselines", "loss"),
                ("comparisons", "value"),
                ("curves", "value"),
            )
            for number in ("9e999", "-9e999")
        ),
        ("UPDATE runs SET training_seconds = -0.5", "a row of runs has a training_seconds"),
        ("UPDATE alembic_version SET version_num = '9999'", "newer than this icl knows"),
        ("UPDATE alembic_version SET version_num = char(27) || '[31m'", "newer than this icl knows"),
        ("PRAGMA application_id = 7", "another program"),
    ],
)
def test_a_database_that_this_program_did_not_write(files, tmp_path, statement, said):
    changed = altered_database(files, tmp_path, lambda connection: connection.execute(statement))
    assert said in refused(pack(tmp_path / "bad.zip", changed))


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + bytes(5000)])
def test_no_database_at_all(files, tmp_path, content):
    assert "its database" in refused(pack(tmp_path / "bad.zip", {**files, "results.db": content}))


def test_a_constraint_that_would_never_end_is_not_run(files, tmp_path):
    def change(connection):
        connection.execute("PRAGMA writable_schema = ON")
        endless = "CHECK (instr(hex(zeroblob(50000000 + length(name))), 'x') = 0)"
        connection.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'note TEXT', ?) WHERE name = 'runs'", (f"note TEXT {endless}",)
        )

    said = refused(pack(tmp_path / "bad.zip", altered_database(files, tmp_path, change)))
    assert "note TEXT CHECK(instr(hex(" in said


def test_damaged_pages(files, tmp_path):
    whole = bytearray(files["results.db"])
    whole[3 * 4096 : 6 * 4096] = b"\xa5" * 3 * 4096
    assert "its database" in refused(pack(tmp_path / "bad.zip", {**files, "results.db": bytes(whole)}))


def test_a_bundle_of_an_older_schema_is_brought_to_ours(files, tmp_path):
    manifest = json.loads(files["bundle.json"]) | {"runs": 3, "schema_revision": "0001"}
    old = {**files, "results.db": OLD.read_bytes(), "bundle.json": json.dumps(manifest).encode()}
    assert imported(pack(tmp_path / "old.zip", old), tmp_path) == 3
    with Database.open(tmp_path / "target.db", mode="read") as target:
        assert check_database(target).problems == ()


def test_nothing_changes_in_a_database_that_is_there(good, files, tmp_path):
    imported(good, tmp_path)
    before = rows(tmp_path / "target.db")
    bad = altered_database(files, tmp_path, lambda connection: connection.execute("UPDATE metrics SET value = 'x'"))
    with pytest.raises(BundleError):
        imported(pack(tmp_path / "bad.zip", bad), tmp_path)
    assert rows(tmp_path / "target.db") == before


@pytest.mark.parametrize("number", [1.7976931348623157e308, -1.7976931348623157e308, 5e-324, 0.0])
def test_every_finite_number_is_taken(files, tmp_path, number):
    def change(connection):
        connection.execute("UPDATE metrics SET value = ?", (number,))
        connection.execute("UPDATE runs SET training_seconds = ?", (abs(number),))

    assert imported(pack(tmp_path / "odd.zip", altered_database(files, tmp_path, change)), tmp_path) == 5


def test_weights_are_never_unpickled(good, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pickle", None)
    assert imported(good, tmp_path) == 5
