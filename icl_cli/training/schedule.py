"""At which steps a run is evaluated and its weights are kept."""


def recording_steps(steps: int, points: int) -> list[int]:
    """Steps 0 … `steps`, spaced quadratically: s_i = steps · (i / points)², rounded, without repeats.

    Early steps are twice to many times denser than late ones, so the plateau at the start and the drop that ends it
    are visible; the last step is always included.
    """
    return sorted({round(steps * (index / points) ** 2) for index in range(points + 1)})
