# SPDX-License-Identifier: Apache-2.0
"""rnn: a step function run over a sequence, in a loop or unrolled."""

import caudal as tf
from caudal.keras.backend.variables import ndim


def rnn(step_function, inputs, initial_states, go_backwards=False, mask=None, constants=None,
        unroll=False, input_length=None):  # fmt: skip
    """Runs a step function over the steps of a sequence.

    Args:
      step_function: (inputs [batch, ...], states + constants) -> (output [batch, ...], new
        states), where states is a list.
      inputs: [batch, time, ...].
      initial_states: list of tensors [batch, ...].
      go_backwards: from the last step to the first; the outputs are in that order, too.
      mask: [batch, time] or [batch, time, 1]; where it is zero, the states stay and the output is
        the one before.
      constants: list of tensors that are handed to each step after the states.
      unroll: make the nodes of every step instead of a loop; needs a known number of steps.
      input_length: not used.

    Returns:
      (last output, outputs [batch, time, ...], list of the last states).

    Raises:
      ValueError: for inputs of less than rank 3, a mask without states, or an unknown number of
        steps where it is needed.
    """
    return projected_rnn(
        None, step_function, inputs, initial_states, go_backwards, mask, constants, unroll
    )


def projected_rnn(project, step_function, inputs, initial_states, go_backwards=False, mask=None,
                  constants=None, unroll=False):  # fmt: skip
    """`rnn` with a part of the work done for all steps at once.

    Args:
      project: function of the inputs [time, batch, ...]; each step gets its part of the result.
        None: the identity.
      others: see `rnn`.
    """
    rank = ndim(inputs)
    if rank is None or rank < 3:
        raise ValueError(
            "Input should be at least 3D, but it has shape %s" % (inputs.shape,)
        )  # fmt: skip
    inputs = _swapped(inputs)
    if project is not None:
        inputs = project(inputs)
    states = list(initial_states)
    constants = list(constants or ())
    if mask is not None:
        mask = tf.cast(mask, tf.bool)
        if ndim(mask) == 3 and mask.shape.as_list()[2] == 1:
            mask = tf.squeeze(mask, [2])
        mask = _swapped(mask)

    def step(x, states):
        output, new_states = step_function(x, states + constants)
        new_states = list(new_states)
        if len(new_states) != len(states):
            raise ValueError(
                "The step function returned %d states, but got %d" % (len(new_states), len(states))
            )
        return output, new_states

    run = _unrolled if unroll else _looped
    last_output, outputs, states, phase = run(step, inputs, states, go_backwards, mask)
    outputs = _swapped(outputs)
    last_output._uses_learning_phase = phase
    outputs._uses_learning_phase = phase
    return last_output, outputs, states


def _swapped(x):
    """`x` with its first two dimensions swapped."""
    return tf.transpose(x, [1, 0, *range(2, ndim(x))])


def _select(kept, new, old):
    """`new` in the rows where `kept` is true, else `old`; kept: bools [batch] or [batch, ...]."""
    if ndim(kept) == 1 and ndim(new) is not None and ndim(new) > 0:
        return tf.where(kept, new, old)
    return tf.where_v2(kept, new, old)


def _uses_phase(output):
    return bool(getattr(output, "_uses_learning_phase", False))


def _unrolled(step, inputs, states, go_backwards, mask):
    steps = inputs.shape.as_list()[0]
    if not steps:
        raise ValueError("Unrolling requires a fixed number of timesteps.")
    order = range(steps - 1, -1, -1) if go_backwards else range(steps)
    inputs = tf.unstack(inputs, steps)
    masks = None if mask is None else tf.unstack(mask, steps)
    outputs, phase = [], False
    for t in order:
        output, new_states = step(inputs[t], states)
        phase = phase or _uses_phase(output)
        if masks is not None:
            previous = outputs[-1] if outputs else tf.zeros_like(output)
            output = _select(masks[t], output, previous)
            new_states = [_select(masks[t], *pair) for pair in zip(new_states, states)]
        states = new_states
        outputs.append(output)
    return outputs[-1], tf.stack(outputs), states, phase


def _array(x, size, name):
    """A TensorArray of tensors like `x`."""
    return tf.TensorArray(x.dtype, size=size, element_shape=x.shape, tensor_array_name=name)


def _looped(step, inputs, states, go_backwards, mask):
    if mask is not None and not states:
        raise ValueError(
            "No initial states provided! When using masking in an RNN, you should provide initial "
            "states (and your step function should return as its first state at time `t` the "
            "output at time `t-1`)."
        )
    steps = tf.shape(inputs)[0]
    # A step outside of the loop tells shapes and types; what it leaves for later steps (such as
    # what dropout drew) belongs to all of them.
    sample, sample_states = step(inputs[0], states)
    phase = _uses_phase(sample)
    states = [
        s if s.dtype.base_dtype == n.dtype.base_dtype else tf.cast(s, n.dtype.base_dtype)
        for s, n in zip(map(tf.convert_to_tensor, states), sample_states)
    ]
    # Where the output is one of the states, that state has all there is to know about it.
    place = _place(sample, sample_states)
    carries = mask is not None and place is None
    if carries:
        previous = states[0] if _fits(states[0], sample) else tf.zeros_like(sample)
        states.append(tf.cast(previous, sample.dtype.base_dtype))
        sample_states = [*sample_states, sample]
    with tf.name_scope("rnn"):
        in_array = _array(inputs[0], steps, "inputs").unstack(inputs)
        mask_array = None if mask is None else _array(mask[0], steps, "mask").unstack(mask)
        out_array = _array(sample, steps, "outputs")

    def body(t, array, *states):
        at = steps - 1 - t if go_backwards else t
        x = in_array.read(at)
        x.set_shape(inputs.shape[1:])
        states = list(states)
        output, new_states = step(x, states[:-1] if carries else states)
        if carries:
            new_states = [*new_states, output]
        if mask_array is not None:
            kept = mask_array.read(at)
            kept.set_shape(mask.shape[1:])
            new_states = [_select(kept, *pair) for pair in zip(new_states, states)]
            output = new_states[-1 if carries else place]
        for new, old in zip(new_states, states):
            new.set_shape(new.shape.merge_with(old.shape) if _fits(new, old) else new.shape)
        return (t + 1, array.write(t, output), *new_states)

    _, array, *states = tf.while_loop(
        lambda t, *_: t < steps,
        body,
        (tf.constant(0, tf.int32), out_array, *states),
        shape_invariants=(
            tf.TensorShape([]),
            tf.TensorShape(None),
            *(_invariant(s, n) for s, n in zip(states, sample_states)),
        ),
        maximum_iterations=steps,
    )
    outputs = array.stack()
    outputs.set_shape(inputs.shape[:1].concatenate(sample.shape))
    if carries:
        last = tf.identity(states.pop())
    elif place is not None:
        last = tf.identity(states[place])
    else:
        last = array.read(steps - 1)
    last.set_shape(sample.shape)
    return last, outputs, list(states), phase


def _place(output, states):
    """Which of the states the output is, None if none of them."""
    return next((i for i, state in enumerate(states) if state is output), None)


def _fits(a, b):
    return a.shape.is_compatible_with(b.shape)


def _invariant(state, new_state):
    """The shape that a state has before and after a step."""
    return state.shape.most_specific_compatible_shape(new_state.shape)
