# SPDX-License-Identifier: Apache-2.0
"""Lists of metrics."""


def aggregate_metrics(*value_update_tuples):
    """(values, updates): two lists out of pairs.

    Raises:
      ValueError: without pairs.
    """
    if not value_update_tuples:
        raise ValueError("Expected at least one value_tensor/update_op pair")
    values, updates = zip(*value_update_tuples)
    return list(values), list(updates)


def aggregate_metric_map(names_to_tuples):
    """(values, updates): two dicts out of a dict from names to pairs."""
    names = names_to_tuples.keys()
    values, updates = zip(*names_to_tuples.values())
    return dict(zip(names, values)), dict(zip(names, updates))
