"""What show_versions says."""

import linnet
from linnet import engine
from linnet.engine import native
from linnet.versions import versions


def test_versions_name_engine_instruction_set_threads_and_libraries(capsys):
    linnet.show_versions()
    shown = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())

    assert shown["linnet"] == linnet.__version__
    assert shown["engine"].startswith(engine.engine_name())
    assert shown["threads"] == str(engine.thread_count())
    assert shown["BLAS"]
    assert shown["numpy"][0].isdigit()


def test_an_engine_that_was_not_built_is_said_to_be_missing(monkeypatch):
    monkeypatch.setattr(native, "_native", None)

    assert "install GCC 12 or newer" in versions()["engine"]


def test_an_engine_left_out_on_purpose_is_said_to_be(monkeypatch):
    monkeypatch.setenv("LINNET_ENGINE", "reference")

    assert native.is_built() == ("LINNET_ENGINE" in versions()["engine"])
