"""What every table and column holds, in words; docs/database.md shows them beside the types."""

from collections.abc import Mapping

NUMBER, MARK = "null where not finite", '"nan", "inf" or "-inf" where not finite'
RUN, LEARNER = "the run", '"model", or the name of a baseline'

TABLES: Mapping[str, str] = {
    "runs": "One training run: what it is, where it stands, who trains it.",
    "sweeps": "One sweep that was started.",
    "run_tags": "Words by which people find runs again.",
    "sweep_runs": "Which runs a sweep plans; several sweeps may share a run.",
    "metrics": "Time series of the training: one number a row.",
    "summaries": "Numbers that describe a whole run.",
    "snapshots": "Weights at some steps.",
    "checkpoints": "The latest state from which a run goes on, while it has not ended.",
    "baselines": "Tuned baselines, shared by all runs with the same problem; imported ones, which the runs of an "
    "archive were compared with; and runs in the place of one.",
    "comparisons": "One measure of a model at one step against one baseline.",
    "curves": "Points of curves, and single numbers of analyses.",
}

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "runs": {
        "id": "SHA-256 of `config`",
        "family": "SHA-256 of `config` without its seed: what runs of other seeds share",
        "name": "for people; changes no number, and several runs may have it",
        "note": "what a person wrote beside it; changes no number",
        "config": "everything that decides the run's numbers, as canonical JSON",
        "status": "planned, running, interrupted, finished, diverged or failed",
        "step": "the last recorded training step",
        "diverged_step": "the step at which it diverged: `error` says how; null: it did not",
        "error": "why it diverged or failed; null: it did not",
        "owner": "the process that trains it, as host:process:birth; null: nobody does",
        "lease_expires_at": "until when the owner counts as alive without a word (UTC)",
        "attempt": "how often a process began or continued it",
        "fruitless_attempts": "attempts since the last recorded step",
        "created_at": "when it was first asked for (UTC)",
        "started_at": "when the last attempt began (UTC)",
        "finished_at": "when it finished, diverged or failed (UTC)",
        "training_seconds": "seconds of training, over all attempts",
        "provenance": "versions, commit, host, devices, … of the last attempt, as JSON",
    },
    "sweeps": {
        "id": "SHA-256 of `content`",
        "name": "as its file says",
        "content": "the checked file, as canonical JSON",
        "created_at": "when it was started (UTC)",
    },
    "run_tags": {"run_id": "the run", "tag": "a word that a person gave it"},
    "sweep_runs": {"sweep_id": "the sweep", "run_id": "a run that it plans"},
    "metrics": {
        "run_id": RUN,
        "name": '"training_loss", "held_out_loss", "gradient_norm", …',
        "step": "the training step that it belongs to",
        "value": NUMBER,
        "value_nonfinite": MARK,
    },
    "summaries": {
        "run_id": RUN,
        "name": '"held_out_loss": that of the last step',
        "value": NUMBER,
        "value_nonfinite": MARK,
        "standard_error": "Monte-Carlo; null where not finite or unknown",
        "standard_error_nonfinite": MARK,
    },
    "snapshots": {
        "run_id": RUN,
        "step": "the training step",
        "weights": "arrays by name, in the safetensors format",
        "sha256": "of `weights`, checked at every reading",
    },
    "checkpoints": {
        "run_id": RUN,
        "step": "the training step",
        "state": "weights and the optimiser's state, in the safetensors format",
        "sha256": "of `state`, checked at every reading",
    },
    "baselines": {
        "id": "SHA-256 of `name` and `depends_on`",
        "name": "as in `icl compare --baseline`",
        "depends_on": "everything that decides the parameters, as canonical JSON; of imported ones the parameters too",
        "parameters": "lists of numbers by name, as JSON",
        "loss": "squared error on the tuning tasks; null where not finite",
        "loss_nonfinite": MARK,
        "standard_error": "Monte-Carlo, of the loss; null where not finite or unknown",
        "standard_error_nonfinite": MARK,
        "created_at": "when it was tuned (UTC)",
    },
    "comparisons": {
        "run_id": RUN,
        "step": "the training step of the weights",
        "baseline_id": "what the model is compared with",
        "measure": '"model_loss", "baseline_loss", "cosine", "model_difference", …',
        "value": "a mean over tasks; null where not finite",
        "value_nonfinite": MARK,
        "standard_error": "Monte-Carlo; null where not finite or unknown",
        "standard_error_nonfinite": MARK,
        "tasks": "held-out tasks that the value is a mean over",
    },
    "curves": {
        "run_id": RUN,
        "step": "the training step of the weights",
        "kind": '"shift-inputs", "roll-out-0.75", "interpolation", …',
        "learner": LEARNER,
        "x": "the position on the curve; 0 of single numbers",
        "value": NUMBER,
        "value_nonfinite": MARK,
        "standard_error": "Monte-Carlo; null where not finite or unknown",
        "standard_error_nonfinite": MARK,
    },
}
