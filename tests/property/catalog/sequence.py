# SPDX-License-Identifier: Apache-2.0
"""Catalog of ops on sequences."""

import numpy as np

from property.catalog import case, const, op


def gather_tree(step_ids, parent_ids, lengths, end_token):
    """Each beam of the last step, followed back along its parents."""
    steps, batch, beams = step_ids.shape
    out = np.full_like(step_ids, end_token)
    for b in range(batch):
        length = min(steps, lengths[b])
        for beam in range(beams):
            at, path = beam, []
            for t in range(length - 1, -1, -1):
                path.insert(0, step_ids[t, b, at])
                at = parent_ids[t, b, at]
            if end_token in path:
                first = path.index(end_token)
                path[first:] = [end_token] * (length - first)
            out[:length, b, beam] = path
    return out


_steps = np.arange(2 * 2 * 3).reshape(2, 2, 3)
_parents = _steps % 3


op(
    "GatherTree",
    gather_tree,
    cases=[
        case(const(_steps), const(_parents), const([2, 1]), const(9)),
        case(const(_steps), const(_parents[::-1].copy()), const([5, 0]), const(1)),
        case(const(_steps[:0]), const(_parents[:0]), const([2, 2]), const(0)),
    ],
    bad=[
        case(const(_steps), const(_parents[:1]), const([2, 2]), const(9)),
        case(const(_steps[0]), const(_parents[0]), const([2, 2]), const(9)),
        case(const(_steps), const(_parents), const([2, 2, 2]), const(9)),
        case(const(_steps), const(_parents), const([2, 2]), const([9])),
    ],
    dtypes="int32",
)
