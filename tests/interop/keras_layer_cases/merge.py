# SPDX-License-Identifier: Apache-2.0
"""Layers that make one tensor of several."""

PAIR = [(2, 3, 4), (2, 3, 4)]
TRIPLE = [(2, 3, 4), (2, 3, 4), (2, 3, 4)]
RANKS = [(2, 3, 4), (2, 4)]
MASK = {"mask": [[1, 1, 0], [1, 0, 0]]}

CASES = [
    *[(name.lower(), name, {}, TRIPLE) for name in ("Add", "Average", "Maximum", "Minimum",
                                                    "Multiply")],
    *[(name.lower() + "_ranks", name, {}, RANKS)
      for name in ("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract")],
    ("add_masked", "Add", {}, PAIR, MASK),
    ("add_ones", "Add", {}, [(2, 1, 4), (2, 3, 1)]),
    ("add_fixed_batch", "Add", {}, [(2, 2, 3, 4), (2, 4), (2, 3, 4)], {"fixed_batch": True}),
    ("subtract", "Subtract", {}, PAIR),
    ("concatenate", "Concatenate", {}, [(2, 3, 4), (2, 3, 1), (2, 3, 2)]),
    ("concatenate_steps", "Concatenate", {"axis": 1}, [(2, 3, 4), (2, 2, 4)]),
    ("concatenate_steps_behind", "Concatenate", {"axis": -2}, [(2, 3, 4), (2, 2, 4)]),
    ("concatenate_masked", "Concatenate", {}, [(2, 3, 4), (2, 3, 2)], MASK),
    ("dot", "Dot", {"axes": 1}, [(2, 4), (2, 4)]),
    ("dot_last", "Dot", {"axes": -1}, [(2, 3, 4), (2, 5, 4)]),
    ("dot_two_axes", "Dot", {"axes": (2, 1)}, [(2, 3, 4), (2, 4, 5)]),
    ("dot_first", "Dot", {"axes": 1}, [(2, 3, 4), (2, 3, 5)]),
    ("dot_ranks", "Dot", {"axes": (2, 1)}, [(2, 3, 4), (2, 4)]),
    ("dot_ranks_turned", "Dot", {"axes": (1, 2)}, [(2, 4), (2, 3, 4)]),
    ("dot_cosine", "Dot", {"axes": 1, "normalize": True}, [(2, 4), (2, 4)]),
    ("dot_cosine_last", "Dot", {"axes": -1, "normalize": True}, [(2, 3, 4), (2, 5, 4)]),
]  # fmt: skip
