"""Say what this installation can do, what is missing and how to get it."""

import json
import os
import platform
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import psutil

from osteon.core.manifest import Stopwatch, installed_versions
from osteon.core.optional import EXTRAS, is_installed, require
from osteon.dicom.syntaxes import decoder_table

__all__ = ["command"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's answer."""

    what: str
    state: str
    remedy: str | None = None


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--compile",
    "compiles",
    is_flag=True,
    help="First compile what is otherwise compiled on first use: about half a minute, once.",
)
def command(as_json: bool, compiles: bool) -> None:
    """Say what this installation can do, what is missing and how to get it."""
    findings = [*_machine(), *_networks(), *_decoders(), *_extras()]
    if compiles:
        findings.append(_compiled())
    if as_json:
        content = {
            "versions": installed_versions(),
            "findings": [asdict(item) for item in findings],
        }
        click.echo(json.dumps(content, indent=1))
        return
    for name, version in installed_versions().items():
        click.echo(f"{name:<16}{version}")
    width = 2 + max(len(item.what) for item in findings)
    for item in findings:
        remedy = f"  ->  {item.remedy}" if item.remedy else ""
        click.echo(f"{item.what:<{width}}{item.state}{remedy}")


def _machine() -> list[Finding]:
    memory_gib = psutil.virtual_memory().total / 2**30
    free_gib = shutil.disk_usage(Path.cwd()).free / 2**30
    return [
        Finding("platform", platform.platform()),
        Finding("cores", str(os.cpu_count())),
        Finding("memory", f"{memory_gib:.1f} GiB"),
        Finding("free disk here", f"{free_gib:.1f} GiB"),
    ]


def _compiled() -> Finding:
    watch = Stopwatch()
    require("osteon.workflow.compile_ahead", purpose="compiling").compile_ahead()
    return Finding("compiled functions", f"ready, after {watch.seconds:.0f} s")


def _networks() -> list[Finding]:
    if not is_installed("torch"):
        return []
    probe = require("osteon.models.device", purpose="describing the device").describe()
    return [Finding(what, state) for what, state in probe.items()]


def _decoders() -> list[Finding]:
    return [
        Finding(
            name, decoder if available else "missing", None if available else "pip install osteon"
        )
        for name, _, decoder, available in decoder_table()
    ]


def _extras() -> list[Finding]:
    return [
        Finding(f"{module} ({extra})", "installed")
        if is_installed(module)
        else Finding(f"{module} ({extra})", "missing", f"pip install 'osteon[{extra}]'")
        for module, extra in EXTRAS.items()
    ]
