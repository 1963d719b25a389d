"""The only SQL of `icl`: runs, what was measured of them, and their weights, in one database file."""

from icl_cli.store.baselines import (
    OTHER_RUN,
    baseline_identity,
    current_baselines,
    find_baseline,
    get_baseline,
    store_baseline,
)
from icl_cli.store.claims import Claim, Claimant, ClaimOutcome, claim_run, release_run, renew_lease
from icl_cli.store.comparisons import list_comparisons, list_curves, store_comparisons
from icl_cli.store.database import Database
from icl_cli.store.leases import LEASE_SECONDS, RENEWAL_SECONDS, SILENT_SECONDS, LeaseExpiredError, Watch
from icl_cli.store.metrics import get_metrics, get_summaries
from icl_cli.store.names import check_name
from icl_cli.store.ownership import current_owner, owner_lives, readable_owner
from icl_cli.store.planning import (
    MOST_ATTEMPTS,
    StoredSweep,
    claim_waiting,
    count_sweep_runs,
    count_waiting,
    find_sweep,
    forgive_attempts,
    list_sweep_runs,
    list_sweeps,
    reclaim_lost,
    store_sweep,
    sweep_identity,
)
from icl_cli.store.progress import finish_run, record_progress
from icl_cli.store.records import (
    Checkpoint,
    Comparison,
    CurvePoint,
    Metric,
    Run,
    RunStatus,
    Snapshot,
    Summary,
    TunedBaseline,
)
from icl_cli.store.references import resolve_runs
from icl_cli.store.runs import find_run, get_run, list_runs
from icl_cli.store.snapshots import find_checkpoint, get_snapshot, iterate_snapshots, list_snapshot_steps
from icl_cli.store.thinning import write_thinned_copy

__all__ = [
    "LEASE_SECONDS",
    "MOST_ATTEMPTS",
    "OTHER_RUN",
    "RENEWAL_SECONDS",
    "SILENT_SECONDS",
    "Checkpoint",
    "Claim",
    "ClaimOutcome",
    "Claimant",
    "Comparison",
    "CurvePoint",
    "Database",
    "LeaseExpiredError",
    "Metric",
    "Run",
    "RunStatus",
    "Snapshot",
    "StoredSweep",
    "Summary",
    "TunedBaseline",
    "Watch",
    "baseline_identity",
    "check_name",
    "claim_run",
    "claim_waiting",
    "count_sweep_runs",
    "count_waiting",
    "current_baselines",
    "current_owner",
    "find_baseline",
    "find_checkpoint",
    "find_run",
    "find_sweep",
    "finish_run",
    "forgive_attempts",
    "get_baseline",
    "get_metrics",
    "get_run",
    "get_snapshot",
    "get_summaries",
    "iterate_snapshots",
    "list_comparisons",
    "list_curves",
    "list_runs",
    "list_snapshot_steps",
    "list_sweep_runs",
    "list_sweeps",
    "owner_lives",
    "readable_owner",
    "reclaim_lost",
    "record_progress",
    "release_run",
    "renew_lease",
    "resolve_runs",
    "store_baseline",
    "store_comparisons",
    "store_sweep",
    "sweep_identity",
    "write_thinned_copy",
]
