"""What a command does before it computes: room for JAX, its devices, and the programs that were compiled before."""

import sys

from icl_cli.cli.stopping import signals_wait
from icl_cli.errors import IclError, UsageError

# Measured with jax 0.10 on two cores: training the smallest model runs with 1.7 GB, and comparing it aborts with 1.5.
LEAST_ADDRESS_SPACE = 2 * 10**9


def prepare_to_compute(*, trains: bool = False, cores: int | None = None) -> None:
    """Start JAX; if the command `trains`, on all cores or on so many.

    Raises `IclError` if `ulimit -v` leaves too little room, and `UsageError` if JAX has no device of the kind that
    JAX_PLATFORMS names.
    """
    require_address_space()
    from icl_cli.compilation import keep_compiled_programs
    from icl_cli.training.devices import local_devices, use_cores

    if trains:
        use_cores(cores)
    keep_compiled_programs()
    with signals_wait():
        local_devices()


def fault_of_devices() -> str:
    """Why JAX has no device in this process, empty if it has or was not loaded."""
    if "jax" not in sys.modules:
        return ""
    from icl_cli.training.devices import local_devices

    try:
        local_devices()
    except UsageError as error:
        return str(error)
    return ""


def address_space() -> int | None:
    """The bytes that `ulimit -v` allows this process, None where nothing limits them."""
    try:
        import resource
    except ImportError:
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit


def require_address_space() -> None:
    """Raise `IclError` if `ulimit -v` leaves too little room: libraries would end the process, and not say why."""
    allowed = address_space()
    if allowed is not None and allowed < LEAST_ADDRESS_SPACE:
        raise IclError(
            f"ulimit -v: {allowed // 1024} kB of address space given; JAX needs {LEAST_ADDRESS_SPACE // 1024} kB or "
            "more. Raise it: `ulimit -v unlimited`, or in a scheduler's job ask for more virtual memory."
        )
