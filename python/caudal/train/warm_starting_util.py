# SPDX-License-Identifier: Apache-2.0
"""Starting a training with values of an earlier one."""

import collections

from caudal.framework import ops
from caudal.ops.partitioned_variable import PartitionedVariable
from caudal.ops.ref_variable import Variable
from caudal.platform import tf_logging
from caudal.train import checkpoint_utils

__all__ = ["VocabInfo", "warm_start"]


class VocabInfo(
    collections.namedtuple(
        "VocabInfo",
        "new_vocab new_vocab_size num_oov_buckets old_vocab old_vocab_size backup_initializer axis",
    )
):
    """Vocabularies of a variable with a row or column for each word, before and now.

    Args:
      new_vocab: file with the words, one in a line.
      new_vocab_size: how many of them count.
      num_oov_buckets: rows for words that are not there.
      old_vocab, old_vocab_size: of the checkpoint; -1 for all words.
      backup_initializer: initializer of what the checkpoint does not have.
      axis: 0 for rows, 1 for columns.
    """

    def __new__(cls, new_vocab, new_vocab_size, num_oov_buckets, old_vocab, old_vocab_size=-1,
                backup_initializer=None, axis=0):  # fmt: skip
        if axis not in (0, 1):
            raise ValueError(
                "The only supported values for the axis argument are 0 and 1.  Provided axis: %s"
                % axis
            )
        return super().__new__(
            cls, new_vocab, new_vocab_size, num_oov_buckets, old_vocab, old_vocab_size,
            backup_initializer, axis,
        )  # fmt: skip


def _name_of(variable):
    """The name under which a variable, or the one it is a part of, is saved."""
    info = variable._get_save_slice_info()
    return variable.op.name if info is None else info.full_name


def _grouped(vars_to_warm_start):
    """Dict of names and lists: a variable, or the parts of one."""
    wanted = vars_to_warm_start
    if wanted is None:
        return {}
    if isinstance(wanted, str):
        found = ops.get_collection(ops.GraphKeys.TRAINABLE_VARIABLES, scope=wanted)
    elif isinstance(wanted, (list, tuple)) and all(isinstance(v, str) for v in wanted):
        found = []
        for pattern in wanted:
            matching = ops.get_collection(ops.GraphKeys.GLOBAL_VARIABLES, scope=pattern)
            found += [v for v in matching if v not in found]
    elif isinstance(wanted, (list, tuple)):
        found = []
        for item in wanted:
            if isinstance(item, PartitionedVariable):
                found += list(item)
            elif isinstance(item, Variable):
                found.append(item)
            else:
                raise ValueError("vars_to_warm_start holds %r, which is no variable" % (item,))
    else:
        raise ValueError(
            "vars_to_warm_start must be a string, a list of strings or a list of variables, not %s"
            % type(wanted)
        )
    grouped = {}
    for variable in found:
        grouped.setdefault(_name_of(variable), []).append(variable)
    return grouped


def warm_start(ckpt_to_initialize_from, vars_to_warm_start=".*", var_name_to_vocab_info=None,
               var_name_to_prev_var_name=None):  # fmt: skip
    """Makes values of a checkpoint the initial values of variables of the same names.

    Args:
      ckpt_to_initialize_from: prefix of the checkpoint, or a folder: its latest one.
      vars_to_warm_start: regular expression of names of trainable variables; list of such, of all
        variables; or list of variables. None: none.
      var_name_to_vocab_info: dict of names and VocabInfo; such variables are not supported.
      var_name_to_prev_var_name: dict of names now and names in the checkpoint.

    Raises:
      ValueError: if the checkpoint has no such name, or another shape.
      NotImplementedError: for variables whose vocabulary changes.
    """
    if var_name_to_vocab_info:
        raise NotImplementedError(
            "warm_start does not move rows from one vocabulary to another: load the matrix with "
            "tf.train.load_variable and place its rows with NumPy"
        )
    earlier = dict(var_name_to_prev_var_name or {})
    assignments = {}
    grouped = _grouped(vars_to_warm_start)
    for name, variables in grouped.items():
        before = earlier.pop(name, name)
        whole = len(variables) == 1 and variables[0]._get_save_slice_info() is None
        assignments[name] = (before, variables[0] if whole else variables)
    if earlier:
        raise ValueError(
            "You provided the following variables in var_name_to_prev_var_name that were not used: "
            "%s. Perhaps you misspelled them? Here is the list of viable variable names: %s"
            % (sorted(earlier), sorted(grouped))
        )
    for name, (before, variables) in assignments.items():
        checkpoint_utils.init_from_checkpoint(ckpt_to_initialize_from, {before: variables})
        tf_logging.info("Warm-starting variable: %s; prev_var_name: %s", name, before)
