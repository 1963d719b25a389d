"""Results in one archive that a referee opens without `icl`, and that `icl import` reads back without loss."""
