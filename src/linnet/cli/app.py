"""The commands of ``linnet``, and what they share."""

from typing import Annotated

import typer

from linnet.cli.account import account
from linnet.cli.compress import compress
from linnet.cli.decode import decode
from linnet.cli.decompress import decompress
from linnet.cli.demo import demo
from linnet.cli.drift import drift
from linnet.cli.encode import encode
from linnet.cli.entropy import entropy
from linnet.cli.evaluate import evaluate
from linnet.cli.explain import explain
from linnet.cli.export import export
from linnet.cli.fit import fit
from linnet.cli.predict import predict
from linnet.cli.suspects import suspects

__all__ = ["app"]

app = typer.Typer(
    name="linnet",
    help="Linear and softmax regression with a proven optimum, every loss a code length.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from linnet import __version__

        typer.echo(f"linnet {__version__}")
        raise typer.Exit


@app.callback()
def _linnet(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show where an error arose. Also: LINNET_DEBUG=1.")
    ] = False,
) -> None:
    # Both are acted upon before this: --version above, --debug in linnet.cli.running.
    del version, debug


for command in (
    fit,
    predict,
    evaluate,
    suspects,
    explain,
    entropy,
    drift,
    encode,
    decode,
    account,
    compress,
    decompress,
    export,
    demo,
):
    app.command()(command)
