import numpy as np

from maskwise.distributed.shards import Shards

WHOLE = np.arange(7, dtype=np.uint8)[:, None, None, None] * np.ones((2, 2, 3), dtype=np.uint8)


def test_parts_are_read_as_the_whole() -> None:
    shards = Shards([WHOLE[rank::3] for rank in range(3)])
    for row in range(7):
        assert (shards[row] == WHOLE[row]).all()
    for rows in ([5, 0, 6, 6], list(range(7)), []):
        chosen = np.array(rows, dtype=np.int64)
        assert shards[chosen].dtype == np.uint8
        assert shards[chosen].shape == (len(rows), 2, 2, 3)
        assert (shards[chosen] == WHOLE[chosen]).all()
