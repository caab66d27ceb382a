"""Measure how fast parts of Osteon are here, side by side with a peer."""

import json
import tempfile
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.markdown import Markdown

from osteon.core.progress import say
from osteon.workflow.bench import BenchSettings, bench_names, markdown, run_bench, write_results

__all__ = ["command"]


@click.command()
@click.argument("names", nargs=-1)
@click.option("--scale", default=1.0, show_default=True, help="Size; 1 is the size quoted.")
@click.option("--workers", type=click.IntRange(min=0), help="Processes; 0: one for each core.")
@click.option(
    "--repeats", default=3, show_default=True, type=click.IntRange(min=1), help="Runs of each side."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep results, and pictures of some benches, here.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    names: tuple[str, ...],
    scale: float,
    workers: int | None,
    repeats: int,
    output: Path | None,
    as_json: bool,
) -> None:
    """Measure how fast parts of Osteon are here, side by side with a peer.

    NAMES are benchmarks; without any, those that there are get listed. Ratios above 1 are better
    than the peer.
    """
    if not names:
        click.echo("\n".join(bench_names()))
        return
    results = {}
    for name in names:
        say(f"bench {name}")
        with tempfile.TemporaryDirectory(prefix="osteon-bench-") as folder:
            settings = BenchSettings(Path(folder), scale, workers, repeats, output)
            results[name] = run_bench(name, settings)
    if output is not None:
        write_results(results, output)
    if as_json:
        content = {
            name: [asdict(item) | {"ratio": item.ratio} for item in items]
            for name, items in results.items()
        }
        click.echo(json.dumps(content, indent=1))
        return
    console = Console()
    if console.is_terminal:
        console.print(Markdown(markdown(results)))
    else:
        click.echo(markdown(results))
