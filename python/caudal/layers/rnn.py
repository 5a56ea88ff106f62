# SPDX-License-Identifier: Apache-2.0
"""Recurrent networks: a cell run over a sequence, in a loop or unrolled."""

from caudal.framework import dtypes, nest, ops, tensor_shape, tensor_util
from caudal.layers.rnn_cell_base import (
    assert_like_rnncell,
    batched_shape,
    static_batched_shape,
)
from caudal.ops import (
    array_ops,
    control_flow_ops,
    logging_ops,
    math_ops,
    tensor_array_ops,
    variable_scope,
)

_NO_DTYPE = "If there is no initial_state, you must give a dtype."


def transpose_batch_time(x):
    """Swaps the first two axes of a tensor; one of rank below 2 comes back as it is.

    Raises:
      ValueError: if `x` is known to have a rank below 2.
    """
    known = x.get_shape()
    if known.rank is not None and known.rank < 2:
        raise ValueError(
            "Expected input tensor %s to have rank at least 2, but saw shape: %s" % (x, known)
        )
    rank = array_ops.rank(x)
    swapped = array_ops.transpose(x, array_ops.concat(([1, 0], array_ops.range(2, rank)), axis=0))
    if known.rank is not None:
        sizes = known.as_list()
        swapped.set_shape([sizes[1], sizes[0]] + sizes[2:])
    return swapped


_transpose_batch_time = transpose_batch_time


def best_effort_input_batch_size(flat_input):
    """The batch size of time-major inputs: an int if one of them tells, else a tensor."""
    for x in flat_input:
        shape = x.shape
        if shape.rank is None:
            continue
        if shape.rank < 2:
            raise ValueError("Expected input tensor %s to have rank at least 2" % x)
        if shape[1].value is not None:
            return shape[1].value
    return array_ops.shape(flat_input[0])[1]


_best_effort_input_batch_size = best_effort_input_batch_size


def _infer_state_dtype(explicit_dtype, state):
    """The dtype asked for, or the one that all parts of the state have."""
    if explicit_dtype is not None:
        return explicit_dtype
    if not nest.is_sequence(state):
        return state.dtype
    found = [part.dtype for part in nest.flatten(state)]
    if not found:
        raise ValueError("Unable to infer dtype from empty state.")
    if any(dtype != found[0] for dtype in found):
        raise ValueError(
            "State has tensors of different inferred_dtypes. Unable to infer a single "
            "representative dtype."
        )
    return found[0]


def _initial_state(cell, initial_state, batch_size, dtype):
    if initial_state is not None:
        return initial_state
    if not dtype:
        raise ValueError(_NO_DTYPE)
    if getattr(cell, "get_initial_state", None) is not None:
        return cell.get_initial_state(inputs=None, batch_size=batch_size, dtype=dtype)
    return cell.zero_state(batch_size, dtype)


def _check_sequence_length(sequence_length, batch_size):
    """The lengths, after an assertion that there is one for each row of the batch."""
    lengths = array_ops.shape(sequence_length)
    expected = array_ops.stack([batch_size])
    check = logging_ops.Assert(
        math_ops.reduce_all(math_ops.equal(lengths, expected)),
        [
            "Expected shape for Tensor %s is " % sequence_length.name,
            expected,
            " but saw shape: ",
            lengths,
        ],
    )
    with ops.control_dependencies([check]):
        return array_ops.identity(sequence_length, name="CheckSeqLen")


def _keep_where(ended, old, new):
    """`old` in the rows that have ended, `new` in the others."""
    if isinstance(old, tensor_array_ops.TensorArray):
        return new
    # What has no batch is carried on as it is.
    if old.shape.ndims == 0:
        return new
    with ops.colocate_with(new):
        kept = array_ops.where(ended, old, new)
    kept.set_shape(new.get_shape())
    return kept


def _kept(ended, old, new):
    """`_keep_where` for each pair of two structures."""
    return nest.map_structure(lambda a, b: _keep_where(ended, a, b), old, new)


def _set_cache(scope):
    """Variables are read where they are used; one read serves all steps."""
    if scope.caching_device is None:
        scope.set_caching_device(lambda op: op.device)


def bidirectional_dynamic_rnn(cell_fw, cell_bw, inputs, sequence_length=None,
                              initial_state_fw=None, initial_state_bw=None, dtype=None,
                              parallel_iterations=None, swap_memory=False, time_major=False,
                              scope=None):  # fmt: skip
    """Runs one cell over a sequence from its start, another one from its end.

    Args:
      cell_fw, cell_bw: RNNCells.
      inputs: tensor [batch, time, ...] ([time, batch, ...] if `time_major`), or nested.
      sequence_length: int32 or int64 vector [batch]; default: all steps.
      initial_state_fw, initial_state_bw: states to begin with; default zeros of `dtype`.
      parallel_iterations, swap_memory: accepted as in TensorFlow.
      scope: VariableScope or name; default "bidirectional_rnn".

    Returns:
      ((outputs of cell_fw, outputs of cell_bw), (last state of cell_fw, last state of cell_bw)).
    """
    assert_like_rnncell("cell_fw", cell_fw)
    assert_like_rnncell("cell_bw", cell_bw)
    with variable_scope.variable_scope(scope or "bidirectional_rnn"):
        shared = dict(
            sequence_length=sequence_length,
            dtype=dtype,
            parallel_iterations=parallel_iterations,
            swap_memory=swap_memory,
            time_major=time_major,
        )
        with variable_scope.variable_scope("fw") as fw_scope:
            output_fw, state_fw = dynamic_rnn(
                cell_fw, inputs, initial_state=initial_state_fw, scope=fw_scope, **shared
            )
        time_axis, batch_axis = (0, 1) if time_major else (1, 0)

        def backwards(x):
            if sequence_length is not None:
                return array_ops.reverse_sequence(
                    input=x,
                    seq_lengths=sequence_length,
                    seq_axis=time_axis,
                    batch_axis=batch_axis,
                )
            return array_ops.reverse(x, axis=[time_axis])

        with variable_scope.variable_scope("bw") as bw_scope:
            reversed_inputs = nest.map_structure(backwards, inputs)
            output, state_bw = dynamic_rnn(
                cell_bw, reversed_inputs, initial_state=initial_state_bw, scope=bw_scope, **shared
            )
    output_bw = nest.map_structure(backwards, output)
    return (output_fw, output_bw), (state_fw, state_bw)


def dynamic_rnn(cell, inputs, sequence_length=None, initial_state=None, dtype=None,
                parallel_iterations=None, swap_memory=False, time_major=False,
                scope=None):  # fmt: skip
    """Runs a cell over a sequence of any length.

    Past the length of a row, its outputs are zero and its state stays.

    Args:
      cell: an RNNCell.
      inputs: tensor [batch, time, ...] ([time, batch, ...] if `time_major`), or nested.
      sequence_length: int32 or int64 vector [batch]; default: all steps.
      initial_state: in the structure of cell.state_size; default zeros of `dtype`.
      dtype: of state and output; needed without `initial_state`.
      parallel_iterations, swap_memory: accepted as in TensorFlow.
      time_major: layout of inputs and outputs.
      scope: VariableScope or name; default "rnn".

    Returns:
      (outputs [batch, time, ...] in the structure of cell.output_size, last state).

    Raises:
      TypeError: if `cell` is not a cell.
      ValueError: if the depth of the inputs is not known, or dtype and initial_state are missing.
    """
    assert_like_rnncell("cell", cell)
    with variable_scope.variable_scope(scope or "rnn") as varscope:
        _set_cache(varscope)
        flat_input = [ops.convert_to_tensor(x) for x in nest.flatten(inputs)]
        if not time_major:
            flat_input = [transpose_batch_time(x) for x in flat_input]
        if sequence_length is not None:
            sequence_length = math_ops.to_int32(sequence_length)
            if sequence_length.get_shape().rank not in (None, 1):
                raise ValueError(
                    "sequence_length must be a vector of length batch_size, but saw shape: %s"
                    % sequence_length.get_shape()
                )
            sequence_length = array_ops.identity(sequence_length, name="sequence_length")
        batch_size = best_effort_input_batch_size(flat_input)
        state = _initial_state(cell, initial_state, batch_size, dtype)
        if sequence_length is not None:
            sequence_length = _check_sequence_length(sequence_length, batch_size)
        packed = nest.pack_sequence_as(structure=inputs, flat_sequence=flat_input)
        outputs, final_state = _loop(
            cell, packed, state, sequence_length, parallel_iterations or 32, swap_memory, dtype
        )
        if not time_major:
            outputs = nest.map_structure(transpose_batch_time, outputs)
        return outputs, final_state


def _static_steps(flat_input):
    """(number of steps, batch size) as far as they are known; all inputs must agree."""
    steps, batch = None, None
    for x in flat_input:
        sizes = x.get_shape().with_rank_at_least(2).as_list()
        if None in sizes[2:]:
            raise ValueError(
                "Input size (depth of inputs) must be accessible via shape inference, but saw "
                "value None."
            )
        if sizes[0] is not None:
            if steps not in (None, sizes[0]):
                raise ValueError("Time steps is not the same for all the elements in the input.")
            steps = sizes[0]
        if sizes[1] is not None:
            if batch not in (None, sizes[1]):
                raise ValueError("Batch_size is not the same for all the elements in the input.")
            batch = sizes[1]
    return steps, batch


def _loop(cell, inputs, initial_state, sequence_length, parallel_iterations, swap_memory, dtype):
    """The loop of `dynamic_rnn` over time-major inputs: (outputs, last state)."""
    flat_input = nest.flatten(inputs)
    flat_output_size = nest.flatten(cell.output_size)
    input_shape = array_ops.shape(flat_input[0])
    time_steps = input_shape[0]
    batch_size = best_effort_input_batch_size(flat_input)
    known_steps, known_batch = _static_steps(flat_input)

    if sequence_length is not None:
        zero_output = nest.map_structure(
            lambda size: array_ops.zeros(
                batched_shape(batch_size, size), _infer_state_dtype(dtype, initial_state)
            ),
            cell.output_size,
        )
    time = ops.convert_to_tensor(0, dtype=dtypes.int32, name="time")
    with ops.name_scope("dynamic_rnn") as base_name:
        pass

    def array(name, element_shape, element_dtype):
        return tensor_array_ops.TensorArray(
            dtype=element_dtype,
            size=time_steps,
            element_shape=element_shape,
            tensor_array_name=base_name + name,
        )

    output_arrays = tuple(
        array(
            "output_%d" % i,
            tensor_shape.TensorShape([known_batch]).concatenate(_known_sizes(size)),
            _infer_state_dtype(dtype, initial_state),
        )
        for i, size in enumerate(flat_output_size)
    )
    input_arrays = tuple(
        array("input_%d" % i, x.shape[1:], x.dtype) for i, x in enumerate(flat_input)
    )
    input_arrays = tuple(a.unstack(x) for a, x in zip(input_arrays, flat_input))
    # At least one step is run, so that variables and shapes are those of a real step.
    longest = time_steps if sequence_length is None else math_ops.reduce_max(sequence_length)
    bound = math_ops.minimum(time_steps, math_ops.maximum(1, longest))

    def step(time, arrays, state):
        current = []
        for a, x in zip(input_arrays, flat_input):
            value = a.read(time)
            value.set_shape(x.get_shape()[1:])
            current.append(value)
        current = nest.pack_sequence_as(structure=inputs, flat_sequence=current)
        if sequence_length is not None:
            ended = math_ops.greater_equal(time, sequence_length)
        output, new_state = cell(current, state)
        nest.assert_same_structure(state, new_state)
        if sequence_length is not None:
            nest.assert_same_structure(zero_output, output)
            output = _kept(ended, zero_output, output)
            new_state = _kept(ended, state, new_state)
        flat_output = nest.flatten(output)
        if len(flat_output) != len(arrays):
            nest.assert_same_structure(cell.output_size, output)
        arrays = tuple(a.write(time, out) for a, out in zip(arrays, flat_output))
        return time + 1, arrays, new_state

    _, arrays, final_state = control_flow_ops.while_loop(
        cond=lambda time, *_: time < bound,
        body=step,
        loop_vars=(time, output_arrays, initial_state),
        parallel_iterations=parallel_iterations,
        maximum_iterations=time_steps,
        swap_memory=swap_memory,
    )
    outputs = []
    for a, size in zip(arrays, flat_output_size):
        output = a.stack()
        output.set_shape(
            tensor_shape.TensorShape([known_steps]).concatenate(
                static_batched_shape(known_batch, size)
                if known_batch is not None
                else tensor_shape.TensorShape([None]).concatenate(_known_sizes(size))
            )
        )
        outputs.append(output)
    return nest.pack_sequence_as(structure=cell.output_size, flat_sequence=outputs), final_state


def _known_sizes(size):
    from caudal.layers.rnn_cell_base import as_sizes

    known = tensor_util.constant_value(size) if hasattr(size, "get_shape") else size
    if known is None:
        return tensor_shape.unknown_shape(size.get_shape().num_elements())
    return as_sizes(known.tolist() if hasattr(known, "tolist") else known)


def raw_rnn(cell, loop_fn, parallel_iterations=None, swap_memory=False, scope=None):
    """Runs a cell in a loop that a function controls.

    `loop_fn(time, cell_output, cell_state, loop_state)` returns (elements_finished, next input,
    next state, what to emit, next loop_state). The first call gets None for cell_output,
    cell_state and loop_state; what it emits (or None) tells shapes and dtypes of the emits. The
    loop ends when all elements are finished; an element that is finished emits zeros.

    Args:
      cell: an RNNCell.
      loop_fn: the function.
      parallel_iterations, swap_memory: accepted as in TensorFlow.
      scope: VariableScope or name; default "rnn".

    Returns:
      (TensorArrays of what was emitted, last state, last loop_state).
    """
    assert_like_rnncell("cell", cell)
    if not callable(loop_fn):
        raise TypeError("loop_fn must be a callable")
    parallel_iterations = parallel_iterations or 32
    with variable_scope.variable_scope(scope or "rnn") as varscope:
        _set_cache(varscope)
        time = ops.convert_to_tensor(0, dtype=dtypes.int32)
        finished, next_input, state, emit_structure, loop_state = loop_fn(time, None, None, None)
        flat_input = nest.flatten(next_input)
        # A loop without a state carries a number instead.
        carried = (
            loop_state if loop_state is not None else ops.convert_to_tensor(0, dtype=dtypes.int32)
        )
        batch = _batch_of([x.get_shape() for x in flat_input])
        if batch is None:
            batch = array_ops.shape(flat_input[0])[0]
        nest.assert_same_structure(state, cell.state_size)
        if emit_structure is not None:
            flat_emit = nest.flatten(emit_structure)
            emit_size = [
                e.shape if e.shape.is_fully_defined() else array_ops.shape(e) for e in flat_emit
            ]
            emit_dtypes = [e.dtype for e in flat_emit]
        else:
            emit_structure = cell.output_size
            emit_size = nest.flatten(emit_structure)
            emit_dtypes = [nest.flatten(state)[0].dtype] * len(emit_size)
        arrays = [
            tensor_array_ops.TensorArray(
                dtype=dtype,
                dynamic_size=True,
                element_shape=tensor_shape.TensorShape([_as_int(batch)]).concatenate(
                    _known_sizes(size)
                ),
                size=0,
                name="rnn_output_%d" % i,
            )
            for i, (dtype, size) in enumerate(zip(emit_dtypes, emit_size))
        ]
        emit_arrays = nest.pack_sequence_as(structure=emit_structure, flat_sequence=arrays)
        zero_emit = nest.pack_sequence_as(
            structure=emit_structure,
            flat_sequence=[
                array_ops.zeros(batched_shape(batch, size), dtype)
                for size, dtype in zip(emit_size, emit_dtypes)
            ],
        )

        def condition(_, finished, *__):
            return math_ops.logical_not(math_ops.reduce_all(finished))

        def body(time, finished, current, emit_arrays, state, carried):
            output, cell_state = cell(current, state)
            nest.assert_same_structure(cell.state_size, cell_state)
            nest.assert_same_structure(cell.output_size, output)
            next_time = time + 1
            next_finished, next_input, next_state, emit, next_loop_state = loop_fn(
                next_time, output, cell_state, carried if loop_state is not None else None
            )
            nest.assert_same_structure(state, next_state)
            nest.assert_same_structure(current, next_input)
            nest.assert_same_structure(emit_arrays, emit)
            kept = carried if next_loop_state is None else next_loop_state
            emit = _kept(finished, zero_emit, emit)
            next_state = _kept(finished, state, next_state)
            emit_arrays = nest.map_structure(lambda a, e: a.write(time, e), emit_arrays, emit)
            next_finished = math_ops.logical_or(next_finished, finished)
            return next_time, next_finished, next_input, emit_arrays, next_state, kept

        _, _, _, emit_arrays, state, carried = control_flow_ops.while_loop(
            condition,
            body,
            loop_vars=[time, finished, next_input, emit_arrays, state, carried],
            parallel_iterations=parallel_iterations,
            swap_memory=swap_memory,
        )
        return emit_arrays, state, None if loop_state is None else carried


def _batch_of(shapes):
    for shape in shapes:
        if shape.rank and shape[0].value is not None:
            return shape[0].value
    return None


def _as_int(batch):
    return batch if isinstance(batch, int) else None


def static_rnn(cell, inputs, initial_state=None, dtype=None, sequence_length=None, scope=None):
    """Runs a cell over a list of inputs, one after the other in the graph.

    Args:
      cell: an RNNCell.
      inputs: list of tensors [batch, size], one for each step, or of nested tuples of them.
      initial_state: in the structure of cell.state_size; default zeros of `dtype`.
      dtype: of state and output; needed without `initial_state`.
      sequence_length: int vector [batch]; past it outputs are zero and the state stays.
      scope: VariableScope or name; default "rnn".

    Returns:
      (list of outputs, last state).

    Raises:
      TypeError: if `cell` is not a cell, or `inputs` no list.
      ValueError: if `inputs` is empty, or its depth is not known.
    """
    assert_like_rnncell("cell", cell)
    if not nest.is_sequence(inputs):
        raise TypeError("inputs must be a sequence")
    if not inputs:
        raise ValueError("inputs must not be empty")
    outputs = []
    with variable_scope.variable_scope(scope or "rnn") as varscope:
        _set_cache(varscope)
        first = inputs[0]
        while nest.is_sequence(first):
            first = first[0]
        batch_size = _static_batch(inputs, first)
        if batch_size is None:
            batch_size = array_ops.shape(first)[0]
        state = _initial_state(cell, initial_state, batch_size, dtype)
        if sequence_length is not None:
            sequence_length = ops.convert_to_tensor(sequence_length, name="sequence_length")
            if sequence_length.get_shape().rank not in (None, 1):
                raise ValueError("sequence_length must be a vector of length batch_size")
            sequence_length = math_ops.to_int32(sequence_length)
            zero_output = nest.map_structure(
                lambda size: _zeros_output(batch_size, size, first), cell.output_size
            )
        for time, current in enumerate(inputs):
            if time > 0:
                varscope.reuse_variables()
            output, new_state = cell(current, state)
            if sequence_length is not None:
                ended = math_ops.less_equal(sequence_length, time)
                nest.assert_same_structure(zero_output, output)
                output = _kept(ended, zero_output, output)
                nest.assert_same_structure(state, new_state)
                new_state = _kept(ended, state, new_state)
            state = new_state
            outputs.append(output)
    return outputs, state


def _zeros_output(batch_size, size, first_input):
    zeros = array_ops.zeros(batched_shape(batch_size, size), first_input.dtype)
    zeros.set_shape(static_batched_shape(batch_size, size))
    return zeros


def _static_batch(inputs, first):
    """The batch size that the inputs agree on, None if none of them tells."""
    if first.get_shape().rank == 1:
        known = first.get_shape()[0]
        return known.value
    batch = None
    for x in nest.flatten(inputs):
        shape = x.get_shape().with_rank_at_least(2)
        for size in shape.as_list()[1:]:
            if size is None:
                raise ValueError(
                    "Input size (dimension %d of inputs) must be accessible via shape inference, "
                    "but saw value None." % (shape.as_list()[1:].index(None))
                )
        known = shape[0].value
        if known is not None:
            if batch not in (None, known):
                raise ValueError("Dimensions %s and %s are not compatible" % (batch, known))
            batch = known
    return batch


def static_state_saving_rnn(cell, inputs, state_saver, state_name, sequence_length=None,
                            scope=None):  # fmt: skip
    """`static_rnn` that takes its first state from a `state_saver` and gives it the last one.

    Args:
      cell: an RNNCell.
      inputs: list of tensors [batch, size].
      state_saver: object with methods `state(name)` and `save_state(name, value)`.
      state_name: name, or names in the structure of cell.state_size.
      sequence_length: int vector [batch].
      scope: VariableScope or name; default "rnn".

    Returns:
      (list of outputs, last state). Both wait for the state to be saved.
    """
    sizes = cell.state_size
    nested, names_nested = nest.is_sequence(sizes), nest.is_sequence(state_name)
    if nested != names_nested:
        raise ValueError(
            "state_name should be the same type as cell.state_size.  state_name: %s, "
            "cell.state_size: %s" % (str(state_name), str(sizes))
        )
    if nested:
        names, flat_sizes = nest.flatten(state_name), nest.flatten(sizes)
        if len(names) != len(flat_sizes):
            raise ValueError(
                "#elems(state_name) != #elems(state_size): %d vs. %d"
                % (len(names), len(flat_sizes))
            )
        initial = nest.pack_sequence_as(
            structure=sizes, flat_sequence=[state_saver.state(name) for name in names]
        )
    else:
        initial = state_saver.state(state_name)
    outputs, state = static_rnn(
        cell, inputs, initial_state=initial, sequence_length=sequence_length, scope=scope
    )
    if nested:
        flat_state = nest.flatten(state)
        saving = [state_saver.save_state(n, s) for n, s in zip(names, flat_state)]
    else:
        saving = [state_saver.save_state(state_name, state)]
    with ops.control_dependencies(saving):
        last = nest.flatten(outputs[-1])
        outputs[-1] = nest.pack_sequence_as(
            structure=outputs[-1], flat_sequence=[array_ops.identity(x) for x in last]
        )
        if nested:
            state = nest.pack_sequence_as(
                structure=state, flat_sequence=[array_ops.identity(s) for s in flat_state]
            )
        else:
            state = array_ops.identity(state)
    return outputs, state


def _reverse_seq(input_seq, lengths):
    """A list of steps in reverse order, each row within its own length."""
    if lengths is None:
        return list(reversed(input_seq))
    flat = tuple(nest.flatten(step) for step in input_seq)
    reversed_steps = [[] for _ in input_seq]
    for sequence in zip(*flat):
        known = tensor_shape.unknown_shape(sequence[0].get_shape().rank)
        for x in sequence:
            known = known.merge_with(x.get_shape())
            x.set_shape(known)
        joined = array_ops.reverse_sequence(array_ops.stack(sequence), lengths, 0, 1)
        for step, x in zip(reversed_steps, array_ops.unstack(joined)):
            x.set_shape(known)
            step.append(x)
    return [
        nest.pack_sequence_as(structure=like, flat_sequence=step)
        for like, step in zip(input_seq, reversed_steps)
    ]


def static_bidirectional_rnn(cell_fw, cell_bw, inputs, initial_state_fw=None,
                             initial_state_bw=None, dtype=None, sequence_length=None,
                             scope=None):  # fmt: skip
    """Runs one cell over a list of inputs from its start, another one from its end.

    Args:
      cell_fw, cell_bw: RNNCells.
      inputs: list of tensors [batch, size].
      initial_state_fw, initial_state_bw: states to begin with; default zeros of `dtype`.
      sequence_length: int vector [batch].
      scope: VariableScope or name; default "bidirectional_rnn".

    Returns:
      (list of outputs of both cells joined along the last axis, last state of cell_fw, last state
      of cell_bw).
    """
    assert_like_rnncell("cell_fw", cell_fw)
    assert_like_rnncell("cell_bw", cell_bw)
    if not nest.is_sequence(inputs):
        raise TypeError("inputs must be a sequence")
    if not inputs:
        raise ValueError("inputs must not be empty")
    with variable_scope.variable_scope(scope or "bidirectional_rnn"):
        with variable_scope.variable_scope("fw") as fw_scope:
            output_fw, state_fw = static_rnn(
                cell_fw, inputs, initial_state_fw, dtype, sequence_length, scope=fw_scope
            )
        with variable_scope.variable_scope("bw") as bw_scope:
            output_bw, state_bw = static_rnn(
                cell_bw,
                _reverse_seq(inputs, sequence_length),
                initial_state_bw,
                dtype,
                sequence_length,
                scope=bw_scope,
            )
    output_bw = _reverse_seq(output_bw, sequence_length)
    outputs = [
        nest.pack_sequence_as(
            structure=fw,
            flat_sequence=[
                array_ops.concat([f, b], 1) for f, b in zip(nest.flatten(fw), nest.flatten(bw))
            ],
        )
        for fw, bw in zip(output_fw, output_bw)
    ]
    return outputs, state_fw, state_bw
