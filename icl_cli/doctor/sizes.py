"""Bytes for people."""


def readable_size(size: int) -> str:
    """`7.3 MB`; 1 kB is 1000 bytes."""
    number, units = float(size), ["bytes", "kB", "MB", "GB", "TB"]
    while number >= 1000 and len(units) > 1:
        number /= 1000
        units.pop(0)
    return f"{number:.0f} {units[0]}" if units[0] == "bytes" else f"{number:.1f} {units[0]}"
