"""A fit to a stream notes what it has learnt in a folder, and goes on from there if begun again.

The folder has one file, which is written anew each time, whole or not at all: what was learnt, and
what it was learnt from and with. Whatever differs later is an error that says what does.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import Any, Final, final

from linnet.data.held_folder import held
from linnet.errors import DataError, DiskFullError, ModelFileError, SettingError, TableError
from linnet.estimators.learnt import Learnt
from linnet.estimators.online import check_online, learn_online
from linnet.estimators.online_state import learnt_from_state, state_of_learnt
from linnet.estimators.saving import State, read_model, write_model
from linnet.estimators.scan_folder import EXACT_FIT, STREAM_FIT
from linnet.estimators.scanning import Scan
from linnet.features.hashing import HashingEncoder

__all__ = ["learn_and_note"]

_KIND: Final = "checkpoint of a stream"
_FORMAT: Final = 1
# These change neither steps nor rows: threads, what is told, and how many passes there will be.
_FREE: Final = frozenset({"n_jobs", "verbose", "max_iter"})


def learn_and_note(
    data: Scan,
    estimator: Any,
    encoder: HashingEncoder,
    *,
    resumed: Callable[[Learnt], None] | None = None,
) -> Generator[Learnt, None, None]:
    """Learn as :func:`~linnet.estimators.online.learn_online` does, and note it in the checkpoint.

    It is noted now and then, and when the fit ends, however it ends, if there is time for it. A
    process that is killed leaves the last note. Begun again, the fit yields what was noted, and
    goes on from there to the very model that it would have come to in one go.

    Parameters
    ----------
    data, estimator, encoder
        See there; the scan names the folder of the checkpoint, or none.
    resumed : function, optional
        Told what was learnt before, if the fit goes on from a checkpoint.

    Raises
    ------
    SettingError
        If the checkpoint is that of another fit: the message says what differs.
    TableError
        If a file has changed since.
    DataError
        If the checkpoint is damaged, or in use.
    DiskFullError
        If it cannot be written.
    """
    folder = data.folder.checkpoint
    if folder is None:
        yield from learn_online(data, estimator, encoder)
        return
    check_online(estimator)
    about = _about(data, estimator, encoder, folder)
    with held(folder):
        notes = _Notes(folder, about, data.folder.note_every)
        epochs = estimator.max_iter or 1
        last = noted = since = notes.read(epochs)
        if since is not None:
            if resumed is not None:
                resumed(since)
            yield since
            if notes.is_complete and since.epoch == epochs:
                return
            notes.is_complete = False
        try:
            for last in learn_online(data, estimator, encoder, since):
                if notes.are_due:
                    notes.write(last)
                    noted = last
                yield last
            notes.is_complete = True
        finally:
            if last is not None and (last is not noted or notes.is_complete):
                notes.write(last)


@final
@dataclass
class _Notes:
    """The file of the notes: what a fit is about, and what it has learnt.

    Parameters
    ----------
    folder : path
        Where it is kept.
    about : mapping
        What tells the fit from others.
    seconds : float
        How often it is written.
    is_complete : bool
        Whether all passes are done.
    """

    folder: Path
    about: Mapping[str, Any]
    seconds: float
    is_complete: bool = False

    def __post_init__(self) -> None:
        self._written = monotonic()

    @property
    def file(self) -> Path:
        """Where they are."""
        return self.folder / STREAM_FIT

    @property
    def are_due(self) -> bool:
        """Whether the last are old enough."""
        return monotonic() - self._written >= self.seconds

    def write(self, learnt: Learnt) -> None:
        """Write down what was learnt in place of what was there."""
        state, arrays = state_of_learnt(learnt)
        content = {"format": _FORMAT, "about": self.about, "complete": self.is_complete}
        try:
            write_model(self.file, _KIND, (content | state, arrays))
        except OSError as error:
            raise DiskFullError(
                f"{self.file}: what was learnt cannot be noted ({error}). The note before it, if "
                "there is one, is whole: free some space, and go on from there."
            ) from error
        self._written = monotonic()

    def read(self, epochs: int) -> Learnt | None:
        """Give what was learnt before, if this very fit was begun."""
        if (self.folder / EXACT_FIT).exists():
            raise SettingError(
                f"{self.folder}: the checkpoint there is of an exact fit, and these rows are "
                "learnt from as they come. Name another folder."
            )
        for left in self.folder.glob(f".{STREAM_FIT}.*.partial"):
            # A process was killed while it wrote.
            left.unlink()
        if not self.file.exists():
            return None
        content, arrays = self._content()
        _compare(content["about"], self.about, self.folder)
        try:
            learnt = learnt_from_state((content, arrays))
        except (KeyError, TypeError, ValueError) as error:
            raise self._foreign(f"its parts do not fit together ({error!r})") from error
        self.is_complete = bool(content["complete"])
        if learnt.epoch > epochs:
            raise SettingError(
                f"{self.folder}: the fit there is in pass {learnt.epoch} already, and {epochs} are "
                f"asked for. Ask for {learnt.epoch} at least, or name another folder."
            )
        return learnt

    def _content(self) -> State:
        try:
            kind, state = read_model(self.file)
        except ModelFileError as error:
            raise self._foreign("it is damaged, or was never one") from error
        if kind != _KIND:
            raise self._foreign(f"it holds a {kind}")
        if state[0]["format"] > _FORMAT:
            raise self._foreign("it was written by a newer linnet")
        return state

    def _foreign(self, what: str) -> DataError:
        return DataError(
            f"{self.file}: this checkpoint cannot be gone on from: {what}. Begin again in an empty "
            "folder."
        )


def _about(data: Scan, estimator: Any, encoder: HashingEncoder, folder: Path) -> dict[str, Any]:
    """Return what tells the fit from others, in what JSON can hold."""
    if not data.identity:
        raise SettingError(
            f"{data.origin}: nothing tells what a query gives from what it gave before, so no fit "
            f"to its rows can go on from a checkpoint ({folder}). Write the rows to a file, such "
            "as Parquet, and learn from that; or leave the checkpoint out."
        )
    _, files, (separator, header, encoding, on_error) = data.identity
    settings = {
        "linnet": version("linnet"),
        "estimator": type(estimator).__name__,
        "memory": data.folder.memory,
        "target": data.target,
        "weight": data.weight,
        "task": data.task,
        "drop": data.drop,
        "categorical": data.categorical,
        "text": data.text,
        "classes": data.classes,
        "separator": separator,
        "header": header,
        "encoding": encoding,
        "on_error": on_error,
    }
    own = {name: value for name, value in estimator.get_params().items() if name not in _FREE}
    hashing = {f"encoder's {name}": value for name, value in encoder.get_params().items()}
    told = {name: _spelled(value) for name, value in (settings | own | hashing).items()}
    return {"files": [list(file) for file in files], "settings": told}


def _spelled(value: Any) -> str:
    """Spell a setting; of an object that is none, such as a generator, its type."""
    told = repr(value)
    return type(value).__name__ if told.startswith("<") or " at 0x" in told else told


def _compare(then: Mapping[str, Any], now: Mapping[str, Any], folder: Path) -> None:
    """Raise the error that says what has changed, if anything has."""
    before, after = ({name: stamp for name, *stamp in each["files"]} for each in (then, now))
    if list(before) != list(after):
        raise SettingError(
            f"{folder}: the checkpoint there is of another table: then {_names(before)}, now "
            f"{_names(after)}. Give the same files, or name another folder."
        )
    for name, (size, changed) in before.items():
        if [size, changed] != after[name]:
            raise TableError(
                f"{name}: the file has changed since the checkpoint in {folder} was noted (then "
                f"{size:,} bytes, now {after[name][0]:,}). What was learnt of it is no longer what "
                "it says: begin again in an empty folder."
            )
    old, new = then["settings"], now["settings"]
    differing = [
        f"{name} was {old.get(name, 'not there')}, now it is {new.get(name, 'not there')}"
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name)
    ]
    if differing:
        raise SettingError(
            f"{folder}: the checkpoint there is of another fit: {'; '.join(differing)}. Give the "
            "same settings, or name another folder."
        )


def _names(files: Mapping[str, Any]) -> str:
    names = list(files)
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
