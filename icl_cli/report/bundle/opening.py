"""An archive from anybody, looked at before anything in it is believed.

Nothing is ever unpacked under a name that the archive chose: files are read as streams, and what is declared is
checked against limits first and against what really comes afterwards.
"""

import errno
import hashlib
import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from icl_cli.errors import IclError, UsageError
from icl_cli.report.bundle.checksums import read_sums
from icl_cli.report.bundle.layout import DATABASE, FOLDER, FORMAT, MANIFEST, SUMS, Manifest
from icl_cli.report.bundle.limits import excess

# Of what is read as a whole: the archive's directory, the manifest and the checksums.
MOST_AT_ONCE = 32 * 2**20
CHUNK_BYTES = 2**20
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED = 0x1


class BundleError(IclError):
    """An archive is no bundle, damaged, dangerous, or newer than this release. Nothing was changed."""


class _Bounded(io.FileIO):
    """A file of which nobody reads much at once: zipfile takes an archive's whole directory into memory."""

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = os.fstat(self.fileno()).st_size - self.tell() if size is None or size < 0 else size
        if wanted > MOST_AT_ONCE:
            raise zipfile.BadZipFile("its directory is too large")
        return super().read(max(0, wanted)) or b""


@dataclass(frozen=True)
class OpenBundle:
    """An archive whose directory was checked; `entries` are its files by their path within the bundle's folder."""

    file: Path
    archive: zipfile.ZipFile
    entries: Mapping[str, zipfile.ZipInfo]

    def manifest(self) -> Manifest:
        """What the bundle says of itself. Raises `BundleError` if this release cannot read it."""
        try:
            manifest = Manifest.model_validate_json(self.small(MANIFEST))
        except ValidationError as error:
            raise self.refusal(f"its {MANIFEST} cannot be understood") from error
        if manifest.format > FORMAT:
            raise BundleError(
                f"{self.file} is a bundle of format {manifest.format}, newer than this icl knows ({FORMAT}). "
                "Update it: `pip install --upgrade icl-cli`."
            )
        if manifest.format < 1:
            raise self.refusal(f"its format is {manifest.format}")
        return manifest

    def small(self, path: str) -> bytes:
        """The whole of a file that is small. Raises `BundleError` if it is missing or not small."""
        entry = self._entry(path)
        if entry.file_size > MOST_AT_ONCE:
            raise self.refusal(f"its {path} has {entry.file_size} bytes")
        return b"".join(self._chunks(entry))

    def verify(self, database: Path) -> None:
        """Compare every file with its checksum, and write the one that is the database to `database` meanwhile.

        Raises `BundleError` for any difference, and for files without a checksum or the other way round.
        """
        sums = self._sums()
        if difference := sorted(sums.keys() ^ (self.entries.keys() - {SUMS})):
            what = "has no checksum" if difference[0] in self.entries else "is missing"
            raise self.refusal(f"{shown(difference[0])} {what}")
        with database.open("xb") as target:
            for path, digest in sums.items():
                if self._digest(path, target.write if path == DATABASE else None) != digest:
                    raise self.refusal(f"{shown(path)} is not what its checksum says")

    def refusal(self, what: str) -> BundleError:
        """The error for an archive in which something is wrong."""
        return BundleError(f"{self.file} was not imported: {what}. Get the archive again from where it came.")

    def _sums(self) -> dict[str, str]:
        try:
            return read_sums(self.small(SUMS).decode("utf-8"))
        except ValueError as error:
            raise self.refusal(f"its {SUMS} cannot be understood") from error

    def _digest(self, path: str, write: Callable[[bytes], object] | None) -> str:
        digest = hashlib.sha256()
        for chunk in self._chunks(self._entry(path)):
            digest.update(chunk)
            if write is not None:
                write(chunk)
        return digest.hexdigest()

    def _entry(self, path: str) -> zipfile.ZipInfo:
        if path not in self.entries:
            raise BundleError(f"{self.file} is no bundle of icl: it has no {FOLDER}/{path}. Make one: {MAKE}.")
        return self.entries[path]

    def _chunks(self, entry: zipfile.ZipInfo) -> Iterator[bytes]:
        """The content, never more of it than was declared."""
        left = entry.file_size
        with self.archive.open(entry) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                left -= len(chunk)
                if left < 0:
                    raise zipfile.BadZipFile("a file is larger than declared")
                yield chunk
        if left:
            raise zipfile.BadZipFile("a file is smaller than declared")


MAKE = "`icl report --bundle FILE.zip`"
# What zipfile and zlib raise for archives that are damaged, cut short, or ask for what we never write.
_DAMAGES = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    struct.error,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
)


@contextmanager
def open_bundle(file: Path) -> Iterator[OpenBundle]:
    """The archive at `file`, for reading.

    Raises `UsageError` where there is none, and `BundleError` where it is no zip archive, cut short, too large once
    unpacked, or has entries that a bundle never has; within it, damage that shows only when a file is read becomes a
    `BundleError` too.
    """
    if not file.is_file():
        raise UsageError(f"No archive at {file}. Give the path of one; to make one: {MAKE}.")
    try:
        with _Bounded(file) as content, zipfile.ZipFile(content) as archive:
            yield OpenBundle(file, archive, _checked_entries(file, archive))
    except _DAMAGES as error:
        raise _damaged(file, str(error)) from error
    except OSError as error:
        # That is a place before the beginning of the file, where an archive that was cut short says that something is.
        if error.errno == errno.EINVAL:
            raise _damaged(file, "it points outside itself") from error
        raise BundleError(
            f"Cannot read {file}: {error.strerror or error}. Check its permissions and the disk."
        ) from error


def _damaged(file: Path, what: str) -> BundleError:
    return BundleError(f"{file} is no zip archive, or is damaged ({shown(what)}). Get it again from where it came.")


def shown(text: str, most: int = 100) -> str:
    """Text from an archive, for messages: short, and without signs that would act on a terminal."""
    return text[:most] if text.isprintable() else ascii(text[:most])


def _checked_entries(file: Path, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    _check_size(file, archive)
    entries: dict[str, zipfile.ZipInfo] = {}
    for entry in archive.infolist():
        if complaint := _complaint(entry):
            raise BundleError(f"{file} was not imported: {shown(entry.orig_filename)} {complaint}.")
        path = entry.filename.removeprefix(f"{FOLDER}/")
        if path in entries:
            raise BundleError(f"{file} was not imported: {shown(path)} comes twice in it.")
        if not entry.is_dir():
            entries[path] = entry
    return entries


def _check_size(file: Path, archive: zipfile.ZipFile) -> None:
    found = archive.infolist()
    if problem := excess(len(found), sum(entry.file_size for entry in found), file.stat().st_size):
        raise BundleError(f"{file} was not imported: {problem}.")


def _complaint(entry: zipfile.ZipInfo) -> str | None:
    """What an entry has that none of a bundle has; None for a good one."""
    # zipfile cuts names at a NUL and turns backslashes round: the name as it stands in the file is looked at.
    name = entry.orig_filename.removesuffix("/") if entry.is_dir() else entry.orig_filename
    parts = name.split("/")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if not name.isprintable() or "\\" in name or any(part in ("", ".", "..") for part in parts) or ":" in parts[0]:
        return "is no path within the archive"
    if parts[0] != FOLDER or (len(parts) == 1 and not entry.is_dir()):
        return f"is not in the folder {FOLDER}"
    if kind not in (0, stat.S_IFDIR if entry.is_dir() else stat.S_IFREG):
        return "is a link or no regular file"
    if entry.flag_bits & ENCRYPTED:
        return "is encrypted"
    return None if entry.compress_type in PACKED else "is packed in a way that bundles do not use"
