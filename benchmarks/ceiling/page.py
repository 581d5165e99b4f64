"""The page that both serve, cut as the product hands it to the web server."""

import os
from pathlib import Path

_PIECE_BYTES = 256 * 1024
_body = Path(os.environ["BENCH_PAGE"]).read_bytes()

PIECES = [_body[at : at + _PIECE_BYTES] for at in range(0, len(_body), _PIECE_BYTES)]
