"""Steps of training: the plain implementation, the product, and the product on one device."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import plain
import product
from measure import Effort, side_by_side
from rows import STEP, Row, Target

from icl_cli.config import RunConfig
from icl_cli.conventions import resolve
from icl_cli.training.devices import training_devices

PLAIN, PRODUCT, ONE_DEVICE = "plain", "product", "one device"

TINY = {"training.batch_size": 64, "task.input_size": 3, "task.context_length": 4}


@dataclass(frozen=True)
class Case:
    """A configuration, as choices beyond the paper's code, and how many times as fast the product should be."""

    name: str
    choices: Mapping[str, Any]
    target: float

    def config(self, quick: bool) -> RunConfig:
        """The complete configuration: 2048 tasks a step, or a few of tiny size."""
        return resolve("paper-code", {**(TINY if quick else {}), **self.choices}).config


# A case is one line.
CASES = (
    Case("K=1", {}, 10),
    Case("K=2 recurrent", {"model.layers": 2, "model.recurrent": True}, 6),
    Case("K=5", {"model.layers": 5}, 6),
    Case("K=10 recurrent", {"model.layers": 10, "model.recurrent": True}, 5),
    Case("softmax, 2 heads", {"model.attention": ("softmax",), "model.heads": 2}, 3),
    Case(
        "interleaved, 2 layers",
        {"model.tokens": "interleaved", "model.layers": 2, "model.attention": ("softmax", "linear")},
        3,
    ),
    Case("sine", {"task.kind": "sine", "task.input_size": 1}, 2),
)


def measure(effort: Effort) -> list[Row]:
    """Milliseconds a step of every case; ratios are plain time over the product's."""
    return [row for case in CASES for row in measure_case(case, effort)]


def measure_case(case: Case, effort: Effort) -> list[Row]:
    """One row for each implementation."""
    config, devices = case.config(effort.quick), training_devices()
    actions = {PLAIN: plain.make_steps(config), PRODUCT: product.make_steps(config, devices)}
    if len(devices) > 1:
        actions[ONE_DEVICE] = product.make_steps(config, devices[:1])
    taken = {name: sample.times(1000) for name, sample in side_by_side(actions, effort).items()}
    ratios = {name: taken[PLAIN].median / sample.median for name, sample in taken.items() if name != PLAIN}
    targets = {PRODUCT: Target("≥", case.target)}
    return [
        Row("training", case.name, name, sample, STEP, ratios.get(name), targets.get(name))
        for name, sample in taken.items()
    ]
