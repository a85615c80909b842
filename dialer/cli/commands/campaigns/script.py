"""`dialer script list|show|add|diff|try`: what AVA says and how she sounds, in versions that never change."""

from pathlib import Path

import click

from dialer.cli.commands.campaigns.script_try import try_script
from dialer.cli.commands.options import NOISE_REDUCTIONS, NOTHING, VAD_EAGERNESS, VAD_KINDS, VOICES
from dialer.cli.lazy import implemented


@click.group()
def script() -> None:
    """What AVA says and how she sounds. A version never changes: what is changed is a new one."""


script.add_command(try_script)


@script.command("list")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.campaigns.script:list_all")
def list_all() -> None:
    """Every script with its versions."""


@script.command()
@click.argument("name")
@click.option("--version", type=click.IntRange(1), help="[the newest]")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.campaigns.script:show")
def show() -> None:
    """Show one script, whole."""


@script.command()
@click.argument("name")
@click.argument("old", type=click.IntRange(1))
@click.argument("new", type=click.IntRange(1), required=False)
@implemented("dialer.cli.campaigns.script:diff")
def diff() -> None:
    """What changed from version OLD to NEW (else to the newest)."""


@script.command()
@click.argument("name")
@click.option(
    "--like", metavar="SCRIPT", help="begin from this script's newest version [its own, else the shipped one]"
)
@click.option("--persona", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="a text file")
@click.option("--business", help="whom AVA says she is calling from, in the first sentence of every call")
@click.option("--opening", help="what AVA says after the locked first sentence")
@click.option("--voice", type=click.Choice(VOICES))
@click.option("--second-voice", type=click.Choice([*VOICES, NOTHING]), help="takes over where the first fails")
@click.option("--model", help=f"the voice's model; {NOTHING}: that of the settings")
@click.option("--speaker", help="whose voice AVA speaks with, as the provider calls it")
@click.option("--language", metavar="CODE", help="what AVA begins in, such as en or hi")
@click.option("--languages", metavar="CODE,CODE", help="what the student may change to")
@click.option("--keywords", metavar="WORD,WORD", help="names that the transcriber should know")
@click.option("--transcription-model")
@click.option("--vad-kind", type=click.Choice(VAD_KINDS))
@click.option("--vad-threshold", type=click.FloatRange(0, 1))
@click.option("--vad-prefix-ms", type=click.IntRange(0, 2000))
@click.option("--vad-silence-ms", type=click.IntRange(100, 5000))
@click.option("--vad-eagerness", type=click.Choice(VAD_EAGERNESS))
@click.option("--noise-reduction", type=click.Choice([*NOISE_REDUCTIONS, NOTHING]))
@click.option("--speed", type=click.FloatRange(0.25, 1.5))
@click.option("--max-output-tokens", type=click.IntRange(1, 4096))
@click.option("--min-speech-ms", type=click.IntRange(0, 400), help="less sound than that does not cut AVA off")
@click.option("--protect-ms", type=click.IntRange(0, 20_000), help="so much of the opening is said whole")
@click.option("--silence-s", type=click.FloatRange(2, 120), help="when AVA asks whether anybody is there")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.campaigns.script:add")
def add() -> None:
    """Make a new version of NAME, or a new script; what is not chosen stays as it was."""
