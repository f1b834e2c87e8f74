"""A model is written in the form that was asked for, to a file or to standard output."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from linnet.cli.files import check_output
from linnet.cli.inputs import AnyModel
from linnet.cli.terminal import note
from linnet.data.atomic import atomic_write
from linnet.errors import SettingError
from linnet.estimators import load
from linnet.export import to_onnx, to_python, to_sql

__all__ = ["ExportRequest", "export_model"]

_ONNX: Final = "ONNX"
_SQL: Final = "SQL"
_PYTHON: Final = "Python"
_FORMS: Final = {".onnx": _ONNX, ".sql": _SQL, ".py": _PYTHON}


@final
@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """What is to be written, and where."""

    output: Path | None
    sql: bool
    python: bool
    table: str | None
    keep: tuple[str, ...]

    @property
    def form(self) -> str:
        """The form asked for, by a flag or by the name of the file.

        Raises
        ------
        SettingError
            If none is asked for, or two are, or an option of SQL is given for another.
        """
        if self.sql and self.python:
            raise SettingError("--sql and --python are two forms: ask for one at a time.")
        flagged = _SQL if self.sql else _PYTHON if self.python else None
        suffix = "" if self.output is None else self.output.suffix.lower()
        form = flagged or _FORMS.get(suffix)
        if form is None:
            raise SettingError(
                "It is not said what to write. Give a file, --output model.onnx, model.sql or "
                "model.py, or --sql or --python."
            )
        if form == _SQL and self.table is None:
            raise SettingError("SQL needs the table to predict: give --table NAME.")
        if form != _SQL and (self.table is not None or self.keep):
            raise SettingError(f"--table and --keep are for SQL, but {form} is to be written.")
        return form


def export_model(model_file: Path, request: ExportRequest) -> None:
    """Write a model in another form."""
    form, output = request.form, request.output
    if output is not None:
        check_output(output, model_file)
    content = _written(load(model_file), form, request)
    if output is None:
        sys.stdout.write(content.decode())
        return
    with atomic_write(output) as temporary:
        temporary.write_bytes(content)
    note(f"the model is in {output} as {form}")


def _written(model: AnyModel, form: str, request: ExportRequest) -> bytes:
    if form == _ONNX:
        content: bytes = to_onnx(model).SerializeToString()
        return content
    if form == _PYTHON:
        return to_python(model).encode()
    return f"{to_sql(model, request.table or '', keep=request.keep)};\n".encode()
