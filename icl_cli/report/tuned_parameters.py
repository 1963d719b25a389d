"""Tuned parameters as people read them, in the symbols that their baseline declares."""

from icl_cli.baselines import BASELINES, ParameterSymbol
from icl_cli.store import TunedBaseline


def written_parameters(record: TunedBaseline, context_length: int) -> list[tuple[str, list[float]]]:
    """The symbol and the values of every parameter: η/N for rates that multiply sums over the context.

    A parameter without a symbol, as all of a baseline that is not registered are, comes last and is called by its name.
    """
    baseline = BASELINES.get(record.name)
    symbols = {} if baseline is None else baseline.symbols
    known = [name for name in symbols if name in record.parameters]
    written = []
    for name in [*known, *(name for name in record.parameters if name not in symbols)]:
        symbol = symbols.get(name, ParameterSymbol(name))
        divisor = context_length if symbol.over_context else 1
        written.append((symbol.symbol, [value / divisor for value in record.parameters[name]]))
    return written
