"""`dialer script list|show|add|diff|try`: what AVA says and how she sounds, in versions that never change."""

from pathlib import Path

import click

from dialer.cli.commands.campaigns.script_try import try_script
from dialer.cli.commands.options import NOISE_REDUCTIONS, NOTHING, VAD_EAGERNESS, VAD_KINDS, VOICES
from dialer.cli.lazy import implemented


@click.group()
def script() -> None:
    """Manage scripts: what AVA says and how she sounds. Every change is a new version."""


script.add_command(try_script)


@script.command("list")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.campaigns.script:list_all")
def list_all() -> None:
    """List scripts and their versions."""


@script.command()
@click.argument("name")
@click.option("--version", type=click.IntRange(1), help="[default: newest]")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.campaigns.script:show")
def show() -> None:
    """Show a script."""


@script.command()
@click.argument("name")
@click.argument("old", type=click.IntRange(1))
@click.argument("new", type=click.IntRange(1), required=False)
@implemented("dialer.cli.campaigns.script:diff")
def diff() -> None:
    """Show what changed between versions OLD and NEW [default: newest]."""


@script.command()
@click.argument("name")
@click.option(
    "--like", metavar="SCRIPT", help="copy this script's newest version [default: its own, or the shipped one]"
)
@click.option("--persona", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="a text file")
@click.option("--business", help="business name in AVA's first sentence")
@click.option("--opening", help="what AVA says after the fixed first sentence")
@click.option("--voice", type=click.Choice(VOICES))
@click.option("--second-voice", type=click.Choice([*VOICES, NOTHING]), help="voice used when the first one fails")
@click.option("--model", help=f"voice model; {NOTHING}: from the settings")
@click.option("--speaker", help="the provider's name of the voice")
@click.option("--language", metavar="CODE", help="first language, such as en or hi")
@click.option("--languages", metavar="CODE,CODE", help="languages the student can switch to")
@click.option("--keywords", metavar="WORD,WORD", help="keywords for the transcription")
@click.option("--transcription-model")
@click.option("--vad-kind", type=click.Choice(VAD_KINDS))
@click.option("--vad-threshold", type=click.FloatRange(0, 1))
@click.option("--vad-prefix-ms", type=click.IntRange(0, 2000))
@click.option("--vad-silence-ms", type=click.IntRange(100, 5000))
@click.option("--vad-eagerness", type=click.Choice(VAD_EAGERNESS))
@click.option("--noise-reduction", type=click.Choice([*NOISE_REDUCTIONS, NOTHING]))
@click.option("--speed", type=click.FloatRange(0.25, 1.5))
@click.option("--max-output-tokens", type=click.IntRange(1, 4096))
@click.option("--min-speech-ms", type=click.IntRange(0, 400), help="shorter sounds do not interrupt AVA")
@click.option("--protect-ms", type=click.IntRange(0, 20_000), help="this much of the opening cannot be interrupted")
@click.option("--silence-s", type=click.FloatRange(2, 120), help="silence before AVA asks whether anyone is there")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.campaigns.script:add")
def add() -> None:
    """Add a version of NAME, or a new script. Options you leave out keep their value."""
