"""Configurations under test, from the paper's values and a few choices."""

from typing import Any

from icl_cli.config import RunConfig, TaskConfig
from icl_cli.conventions import resolve


def run_config(choices: dict[str, Any] | None = None, convention: str = "paper-code") -> RunConfig:
    return resolve(convention, choices or {}).config


def task_config(**choices: Any) -> TaskConfig:
    return run_config({f"task.{name}": value for name, value in choices.items()}).task
