"""The only SQL of `icl`: runs, what was measured of them, and their weights, in a SQLite file or on PostgreSQL."""

from icl_cli.store.annotations import get_tags, note_runs, rename_runs, tag_runs
from icl_cli.store.backup import back_up
from icl_cli.store.baselines import (
    IMPORTED,
    OTHER_RUN,
    baseline_identity,
    find_baseline,
    get_baseline,
    is_imported,
    store_baseline,
)
from icl_cli.store.checking import Findings, Judge, check_database
from icl_cli.store.claims import Claim, Claimant, ClaimOutcome, claim_run, free_runs, release_run, renew_lease
from icl_cli.store.comparisons import list_comparisons, list_curves, store_comparisons
from icl_cli.store.copying import Copied, copy_runs
from icl_cli.store.database import Database
from icl_cli.store.deletion import delete_in_place, delete_with_backup
from icl_cli.store.leases import (
    LEASE_SECONDS,
    RENEWAL_SECONDS,
    SILENT_SECONDS,
    LeaseExpiredError,
    Watch,
    is_lost,
    seems_lost,
)
from icl_cli.store.metrics import get_metrics, get_summaries, store_summaries, summaries_named
from icl_cli.store.names import check_name
from icl_cli.store.other_runs import current_baselines, find_other_run, recorded_name
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
    settle_sweep,
    store_sweep,
    sweep_identity,
)
from icl_cli.store.problem import Problem
from icl_cli.store.progress import finish_run, record_progress
from icl_cli.store.pruning import delete_runs, old_runs, prunable_statuses
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
from icl_cli.store.references import hidden_by, resolve_all, resolve_runs
from icl_cli.store.rescue import rescue_from
from icl_cli.store.revision import Upgrade
from icl_cli.store.runs import (
    find_run,
    get_run,
    get_runs,
    list_families_called,
    list_namesakes,
    list_runs,
    names_of_known_families,
)
from icl_cli.store.selection import Choice, Chosen, choose_runs
from icl_cli.store.snapshots import find_checkpoint, get_snapshot, iterate_snapshots, list_snapshot_steps
from icl_cli.store.target import same_target
from icl_cli.store.thinning import write_thinned_copy

__all__ = [
    "IMPORTED",
    "LEASE_SECONDS",
    "MOST_ATTEMPTS",
    "OTHER_RUN",
    "RENEWAL_SECONDS",
    "SILENT_SECONDS",
    "Checkpoint",
    "Choice",
    "Chosen",
    "Claim",
    "ClaimOutcome",
    "Claimant",
    "Comparison",
    "Copied",
    "CurvePoint",
    "Database",
    "Findings",
    "Judge",
    "LeaseExpiredError",
    "Metric",
    "Problem",
    "Run",
    "RunStatus",
    "Snapshot",
    "StoredSweep",
    "Summary",
    "TunedBaseline",
    "Upgrade",
    "Watch",
    "back_up",
    "baseline_identity",
    "check_database",
    "check_name",
    "choose_runs",
    "claim_run",
    "claim_waiting",
    "copy_runs",
    "count_sweep_runs",
    "count_waiting",
    "current_baselines",
    "current_owner",
    "delete_in_place",
    "delete_runs",
    "delete_with_backup",
    "find_baseline",
    "find_checkpoint",
    "find_other_run",
    "find_run",
    "find_sweep",
    "finish_run",
    "forgive_attempts",
    "free_runs",
    "get_baseline",
    "get_metrics",
    "get_run",
    "get_runs",
    "get_snapshot",
    "get_summaries",
    "get_tags",
    "hidden_by",
    "is_imported",
    "is_lost",
    "iterate_snapshots",
    "list_comparisons",
    "list_curves",
    "list_families_called",
    "list_namesakes",
    "list_runs",
    "list_snapshot_steps",
    "list_sweep_runs",
    "list_sweeps",
    "names_of_known_families",
    "note_runs",
    "old_runs",
    "owner_lives",
    "prunable_statuses",
    "readable_owner",
    "reclaim_lost",
    "record_progress",
    "recorded_name",
    "release_run",
    "rename_runs",
    "renew_lease",
    "rescue_from",
    "resolve_all",
    "resolve_runs",
    "same_target",
    "seems_lost",
    "settle_sweep",
    "store_baseline",
    "store_comparisons",
    "store_summaries",
    "store_sweep",
    "summaries_named",
    "sweep_identity",
    "tag_runs",
    "write_thinned_copy",
]
