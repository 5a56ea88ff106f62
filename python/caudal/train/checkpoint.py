# SPDX-License-Identifier: Apache-2.0
"""Checkpoint: saves Python objects; values are found by the attributes that lead to them."""

import os

from caudal.framework import constant_op, dtypes, errors, files, ops
from caudal.io.checkpoint_reader import NewCheckpointReader
from caudal.ops import control_flow_ops, variables
from caudal.ops.saveable_object import SaveableObject, SaveSpec
from caudal.train import checkpoint_management, optimizer
from caudal.train import saver as saver_lib

__all__ = ["Checkpoint"]

_GRAPH_KEY = saver_lib._OBJECT_GRAPH_KEY
_VALUE = "VARIABLE_VALUE"
_COUNTER = "save_counter"


class Checkpoint:
    """Saves and restores objects with variables, under the names of the attributes.

    Variables, optimizers of `tf.train`, layers of `tf.layers` and other Checkpoints can be given by
    name, or set as attributes, which may also be lists, tuples and dicts of them:
    `tf.train.Checkpoint(model=layer, optimizer=adam).save("/tmp/model", session)`.

    Args:
      **kwargs: the objects.

    Raises:
      ValueError: for objects of other kinds.
    """

    def __init__(self, **kwargs):
        self._save_counter = None
        self._savers = {}  # by the keys and variables
        for name, value in sorted(kwargs.items()):
            if not _is_trackable(value) or isinstance(value, (list, tuple, dict)):
                raise ValueError(
                    "`Checkpoint` was expecting a trackable object (a variable, optimizer, layer "
                    "or Checkpoint), got %r for %s" % (value, name)
                )
            setattr(self, name, value)

    @property
    def save_counter(self):
        """An int64 variable: how many checkpoints `save` has written."""
        if self._save_counter is None:
            with ops.init_scope():
                self._save_counter = variables.Variable(
                    constant_op.constant(0, dtypes.int64), trainable=False, name=_COUNTER,
                    use_resource=True,
                )  # fmt: skip
        return self._save_counter

    def _children(self):
        named = {n: v for n, v in vars(self).items() if not n.startswith("_") and _is_trackable(v)}
        if self._save_counter is not None:
            named[_COUNTER] = self._save_counter
        return named

    def write(self, file_prefix, session=None):
        """Writes a checkpoint without number and `checkpoint` file; returns its prefix.

        Args:
          file_prefix: str.
          session: default: the default session.
        """
        session = _session(session)
        with session.graph.as_default():
            objects = _ObjectGraph(self)
            saver = self._saver(objects.keys, objects.message.SerializeToString())
        return saver.save(session, file_prefix, write_meta_graph=False, write_state=False)

    def save(self, file_prefix, session=None):
        """Writes a checkpoint with the next number; returns its prefix, "file_prefix-1".

        Args:
          file_prefix: str.
          session: default: the default session.
        """
        session = _session(session)
        number = self.next_number(session)
        path = self.write("%s-%d" % (files.as_path(file_prefix), number), session)
        checkpoint_management.update_checkpoint_state_internal(
            save_dir=os.path.dirname(path),
            model_checkpoint_path=path,
            all_model_checkpoint_paths=[path],
            save_relative_paths=True,
        )
        return path

    def next_number(self, session):
        """Counts `save_counter` up; returns its value."""
        with session.graph.as_default():
            counter = self.save_counter
            # Without new nodes: the graph may be finalized.
            if not session.run(counter._is_initialized_op):
                session.run(counter.initializer)
            counter.load(session.run(counter) + 1, session)
        return int(session.run(counter))

    def restore(self, save_path):
        """Finds the variables of a checkpoint; `run_restore_ops` of what is returned restores them.

        Checkpoints of `tf.train.Saver` are read by the names of variables.

        Args:
          save_path: prefix; None: nothing is restored.

        Returns:
          An object with `initialize_or_restore(session)`, `run_restore_ops(session)`,
          `assert_consumed()`, `assert_existing_objects_matched()` and `expect_partial()`.
        """
        _ = self.save_counter  # made now, so that it is restored, too
        objects = _ObjectGraph(self)
        if save_path is None:
            return _Status(self, objects, {}, (), "")
        save_path = files.as_path(save_path)
        reader = NewCheckpointReader(save_path)
        if not reader.has_tensor(_GRAPH_KEY):
            known = reader.get_variable_to_shape_map()
            found = {v.op.name: v for v in objects.keys.values() if v.op.name in known}
            return _Status(self, objects, found, set(known) - set(found), save_path)
        from caudal import proto

        message = proto.TrackableObjectGraph.FromString(reader.get_tensor(_GRAPH_KEY))
        found, unused = _match(self, message)
        return _Status(self, objects, found, unused, save_path)

    def _saver(self, keys, graph_text=None):
        """A Saver of these variables; each kind is made once."""
        key = (frozenset((k, id(v)) for k, v in keys.items()), graph_text)
        if key not in self._savers:
            saved = dict(keys)
            if graph_text is not None:
                saved[_GRAPH_KEY] = _Text(graph_text)
            # `keys` is kept so that no other variable gets the same id.
            self._savers[key] = saver_lib.Saver(saved, max_to_keep=None), dict(keys)
        return self._savers[key][0]


class _Text(SaveableObject):
    """A constant that is saved, and not restored."""

    def __init__(self, text):
        with ops.device("/cpu:0"):
            value = constant_op.constant(text, dtypes.string)
        super().__init__(value, [SaveSpec(value, "", _GRAPH_KEY)], _GRAPH_KEY)

    def restore(self, restored_tensors, restored_shapes):
        return control_flow_ops.no_op()


def _session(session):
    session = session or ops.get_default_session()
    if session is None:
        raise RuntimeError("Checkpoints need a session: give one, or open it with `with`")
    return session


def _is_trackable(value):
    if isinstance(value, (list, tuple)):
        return all(_is_trackable(v) for v in value)
    if isinstance(value, dict):
        return all(isinstance(k, str) and _is_trackable(v) for k, v in value.items())
    kinds = (variables.Variable, Checkpoint, optimizer.Optimizer)
    return isinstance(value, kinds) or _is_layer(value)


def _is_layer(value):
    return hasattr(value, "variables") and hasattr(value, "trainable_weights")


def _children(value):
    """Dict of the names that lead on from an object, and where."""
    if isinstance(value, variables.Variable):
        return {}
    if isinstance(value, Checkpoint):
        return value._children()
    if isinstance(value, (list, tuple)):
        return {str(i): v for i, v in enumerate(value)}
    if isinstance(value, dict):
        return value
    if isinstance(value, optimizer.Optimizer):
        graph = ops.get_default_graph()
        return {n: v for (n, home), v in value._non_slot_dict.items() if home is graph}
    return {v.op.name.rpartition("/")[2]: v for v in value.variables}


def _escaped(name):
    return name.replace(".", "..").replace("/", ".S")


class _ObjectGraph:
    """What can be reached from a Checkpoint: `message` describes it, `keys` has the variables."""

    def __init__(self, root):
        from caudal import proto

        self.message = proto.TrackableObjectGraph()
        self.keys = {}
        self.paths = {}  # id of an object -> the shortest names that lead to it
        self._ids, self._objects = {id(root): 0}, [root]
        self.paths[id(root)] = ()
        at = 0
        while at < len(self._objects):  # the list grows: nearest objects come first
            self._visit(self._objects[at])
            at += 1
        for value in list(self._objects):
            if isinstance(value, optimizer.Optimizer):
                self._visit_slots(value)

    def _visit(self, value):
        node = self.message.nodes.add()
        if isinstance(value, variables.Variable):
            self._attribute(node, value, "/".join(map(_escaped, self.paths[id(value)])))
        for name, child in _children(value).items():
            if id(child) not in self._ids:
                self._ids[id(child)] = len(self._objects)
                self._objects.append(child)
                self.paths[id(child)] = (*self.paths[id(value)], name)
            node.children.add(node_id=self._ids[id(child)], local_name=name)

    def _attribute(self, node, variable, path):
        key = "%s/.ATTRIBUTES/%s" % (path, _VALUE)
        node.attributes.add(name=_VALUE, full_name=variable.op.name, checkpoint_key=key)
        self.keys[key] = variable

    def _visit_slots(self, value):
        owner = self.message.nodes[self._ids[id(value)]]
        end = "/.OPTIMIZER_SLOT/%s/" % "/".join(map(_escaped, self.paths[id(value)]))
        for slot_name in value.get_slot_names():
            for variable in [v for v in self._objects if isinstance(v, variables.Variable)]:
                slot = value.get_slot(variable, slot_name)
                if slot is None or id(slot) in self._ids:
                    continue
                owner.slot_variables.add(
                    original_variable_node_id=self._ids[id(variable)],
                    slot_name=slot_name,
                    slot_variable_node_id=len(self.message.nodes),
                )
                path = "/".join(map(_escaped, self.paths[id(variable)]))
                self._attribute(self.message.nodes.add(), slot, path + end + _escaped(slot_name))


def _match(root, message):
    """(dict of keys in a checkpoint and variables, keys that nothing stands for)."""
    nodes = message.nodes
    objects, pending = {0: root}, [0]
    while pending:
        number = pending.pop()
        children = _children(objects[number])
        for child in nodes[number].children:
            if not 0 <= child.node_id < len(nodes):
                raise errors.DataLossError(None, None, "The object graph names no such node")
            if child.local_name in children and child.node_id not in objects:
                objects[child.node_id] = children[child.local_name]
                pending.append(child.node_id)
    for number, value in list(objects.items()):
        if isinstance(value, optimizer.Optimizer):
            for slot in nodes[number].slot_variables:
                original = objects.get(slot.original_variable_node_id)
                if original is not None:
                    found = value.get_slot(original, slot.slot_name)
                    if found is not None:
                        objects[slot.slot_variable_node_id] = found
    matched, unused = {}, set()
    for number, node in enumerate(nodes):
        for attribute in node.attributes:
            if isinstance(objects.get(number), variables.Variable):
                matched[attribute.checkpoint_key] = objects[number]
            else:
                unused.add(attribute.checkpoint_key)
    return matched, unused


class _Status:
    """Which variables a checkpoint has, see `Checkpoint.restore`."""

    def __init__(self, checkpoint, objects, matched, unused, path):
        self._checkpoint = checkpoint
        self._matched = matched
        self._unused = unused
        self._path = path
        own = [v for v in objects.keys.values() if v is not checkpoint._save_counter]
        restored = {id(v) for v in matched.values()}
        self._all = list(objects.keys.values())
        self._missing = [v.op.name for v in own if id(v) not in restored]

    def assert_existing_objects_matched(self):
        """Raises AssertionError if the checkpoint lacks a variable; returns itself."""
        if not self._path or self._missing:
            raise AssertionError(
                "Variables that are not in checkpoint %r: %s" % (self._path, self._missing)
            )
        return self

    def assert_consumed(self):
        """Raises AssertionError unless checkpoint and objects have the same variables."""
        self.assert_existing_objects_matched()
        if self._unused:
            raise AssertionError(
                "Values of checkpoint %s that nothing stands for: %s"
                % (self._path, sorted(self._unused))
            )
        return self

    def assert_nontrivial_match(self):
        """Raises AssertionError if the checkpoint has none of the variables."""
        if not self._matched:
            raise AssertionError("Nothing of checkpoint %r was matched" % self._path)
        return self

    def expect_partial(self):
        """Returns itself; for programs that want no warnings."""
        return self

    def run_restore_ops(self, session=None):
        """Restores the variables that the checkpoint has."""
        if not self._matched:
            return
        session = _session(session)
        with session.graph.as_default():
            saver = self._checkpoint._saver(self._matched)
        saver.restore(session, self._path)

    def initialize_or_restore(self, session=None):
        """Restores the variables that the checkpoint has, and initializes the others."""
        session = _session(session)
        restored = {id(v) for v in self._matched.values()}
        session.run([v.initializer for v in self._all if id(v) not in restored])
        self.run_restore_ops(session)
