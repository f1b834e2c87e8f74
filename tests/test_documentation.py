import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import linnet

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(page, language):
    return [block["text"] for block in BLOCK.finditer(page) if block["language"] == language]


def test_every_public_name_is_on_a_page_of_the_api():
    pages = "\n".join(page.read_text() for page in DOCS.glob("api/*.md"))
    documented = set(re.findall(r"^::: ([\w.]+)$", pages, re.MULTILINE))

    homes = {name: linnet._HOMES.get(name, "linnet.errors") for name in linnet.__all__}

    assert {name: home for name, home in homes.items() if home not in documented} == {}
    assert [name for name, home in homes.items() if name not in import_module(home).__all__] == []


def test_every_page_is_in_the_navigation():
    navigation = (ROOT / "mkdocs.yml").read_text()
    pages = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")}

    assert {page for page in pages if f": {page}\n" not in navigation} == set()


def test_commands_of_the_first_page_run(tmp_path):
    page = (DOCS / "start.md").read_text()
    (tmp_path / "table.py").write_text(blocks(page, "python")[0])
    subprocess.run([sys.executable, "table.py"], cwd=tmp_path, check=True)

    # The demo has tests of its own.
    commands = re.findall(
        r"^\$ linnet (?!demo)(.*)$", "\n".join(blocks(page, "console")), re.MULTILINE
    )
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", "linnet", *command.split()],
            cwd=tmp_path,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr

    assert len(commands) == 5
    assert (tmp_path / "predictions.csv").read_text().count("\n") == 179
