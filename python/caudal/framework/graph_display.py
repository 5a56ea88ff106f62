# SPDX-License-Identifier: Apache-2.0
"""Pictures of graphs as SVG text, and how a Graph shows itself in a notebook."""

import collections
import html

__all__ = ["Box", "draw", "graph_html"]

_CHARACTER = 7.0  # width of one at the size of the text
_LINE = 16.0
_GAP_ACROSS = 22.0
_GAP_ALONG = 34.0
_PASS_WIDTH = 10.0  # room for an edge that passes a level
_SWEEPS = 6
_COLORS = ("#e8f0fe", "#e6f4ea", "#fef7e0", "#fce8e6", "#f3e8fd", "#e0f7fa", "#fff0e1", "#eceff1")
_MOST_CHARACTERS = 60
_MOST_BOXES = 300  # in a picture of a Graph
_MOST_OPERATIONS = 20000  # that are looked at for one


class Box:
    """A box of a picture.

    Args:
      lines: texts, the first one is bold.
      group: anything hashable; boxes of one group share a color.
    """

    def __init__(self, lines, group=None):
        self.lines = [_shortened(line) for line in lines]
        self.group = group
        self.width = max(map(len, self.lines)) * _CHARACTER + 18
        self.height = len(self.lines) * _LINE + 10


def _shortened(text):
    text = str(text)
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "\u2026"


def _levels(count, edges):
    """How far each box is from the first ones; edges that lead back to earlier boxes do not count.

    A box is put as late as what reads it allows, so that constants stand next to their readers.
    """
    readers, sources = collections.defaultdict(list), collections.defaultdict(list)
    for source, target in edges:
        if source < target:
            readers[source].append(target)
            sources[target].append(source)
    levels = [0] * count
    for box in range(count):
        levels[box] = max((levels[s] + 1 for s in sources[box]), default=0)
    for box in reversed(range(count)):
        if readers[box] and not sources[box]:
            levels[box] = min(levels[r] for r in readers[box]) - 1
    return levels


class _Layout:
    """Rows of boxes and of passing edges; "along" is down and "across" to the right, or swapped."""

    def __init__(self, boxes, edges, sideways):
        self.boxes = boxes
        self.sideways = sideways
        levels = _levels(len(boxes), edges)
        self.rows = [[] for _ in range(max(levels, default=-1) + 1)]
        self.neighbours = collections.defaultdict(list)
        self.extent = []  # across, of boxes and then of passing places
        for box, level in zip(boxes, levels):
            self.rows[level].append(len(self.extent))
            self.extent.append(box.height if sideways else box.width)
        self.level = list(levels)
        self.paths = [self._path(source, target) for source, target in edges]
        self.across = [0.0] * len(self.extent)
        self._order()
        self._place()

    def _path(self, source, target):
        """The places that an edge goes through, one on each level between its ends."""
        first, last = self.level[source], self.level[target]
        step = 1 if first <= last else -1
        path = [source]
        for level in range(first + step, last, step) if abs(last - first) > 1 else ():
            place = len(self.extent)
            self.extent.append(_PASS_WIDTH)
            self.level.append(level)
            self.rows[level].append(place)
            path.append(place)
        path.append(target)
        for a, b in zip(path, path[1:]):
            self.neighbours[a].append(b)
            self.neighbours[b].append(a)
        return path

    def _order(self):
        """Sorts each row by the mean position of the neighbours in the row before it."""
        position = {place: i for row in self.rows for i, place in enumerate(row)}
        for sweep in range(_SWEEPS):
            down = sweep % 2 == 0
            for level in range(len(self.rows)) if down else reversed(range(len(self.rows))):
                beside = level - 1 if down else level + 1

                def weight(place, beside=beside):
                    near = [position[n] for n in self.neighbours[place] if self.level[n] == beside]
                    return sum(near) / len(near) if near else position[place]

                self.rows[level].sort(key=weight)
                position.update((place, i) for i, place in enumerate(self.rows[level]))

    def _place(self):
        """Puts each place near the mean of its neighbours, with room to the next one."""
        for row in self.rows:
            self._spread(row, [0.0] * len(row))
        for sweep in range(2 * _SWEEPS):
            for row in self.rows if sweep % 2 == 0 else reversed(self.rows):
                wanted = []
                for place in row:
                    near = [self.across[n] for n in self.neighbours[place]]
                    wanted.append(sum(near) / len(near) if near else self.across[place])
                self._spread(row, wanted)
        if self.rows:
            least = min(self.across[p] - self.extent[p] / 2 for p in range(len(self.extent)))
            self.across = [a - least + 8 for a in self.across]

    def _spread(self, row, wanted):
        """The mean of packing from the left and packing from the right."""

        def room(i):
            return (self.extent[row[i]] + self.extent[row[i + 1]]) / 2 + _GAP_ACROSS

        left, right = list(wanted), list(wanted)
        for i in range(1, len(row)):
            left[i] = max(left[i], left[i - 1] + room(i - 1))
        for i in reversed(range(len(row) - 1)):
            right[i] = min(right[i], right[i + 1] - room(i))
        for place, a, b in zip(row, left, right):
            self.across[place] = (a + b) / 2

    def along(self):
        """(begin, thickness) of each row."""
        begin, rows = 8.0, []
        count = len(self.boxes)
        for row in self.rows:
            boxes = [self.boxes[place] for place in row if place < count]
            thickness = max((b.width if self.sideways else b.height for b in boxes), default=0.0)
            rows.append((begin, thickness))
            begin += thickness + _GAP_ALONG
        return rows, begin - _GAP_ALONG + 8

    def sides(self, place, rows):
        """Where edges enter and leave: at the box, or at the ends of a row that they pass."""
        begin, thickness = rows[self.level[place]]
        if place >= len(self.boxes):
            return begin, begin + thickness
        box = self.boxes[place]
        half = (box.width if self.sideways else box.height) / 2
        return begin + thickness / 2 - half, begin + thickness / 2 + half


def draw(boxes, edges, rankdir="TB"):
    """A picture of boxes with arrows between them.

    Args:
      boxes: list of Box, each before those that follow from it, as far as possible.
      edges: pairs of indices of boxes.
      rankdir: "TB" draws downwards, "LR" to the right.

    Returns:
      SVG text.

    Raises:
      ValueError: for another rankdir.
    """
    if rankdir not in ("TB", "LR"):
        raise ValueError('rankdir must be "TB" or "LR", got %r' % (rankdir,))
    sideways = rankdir == "LR"
    edges = list(dict.fromkeys((s, t) for s, t in edges if s != t))
    layout = _Layout(boxes, edges, sideways)
    rows, depth = layout.along()
    breadth = max((a + e / 2 for a, e in zip(layout.across, layout.extent)), default=0.0) + 8

    def point(along, across):
        return "%.0f %.0f" % ((along, across) if sideways else (across, along))

    groups = {}
    parts = [_edge(layout, rows, path, point) for path in layout.paths]
    for index, box in enumerate(boxes):
        begin, thickness = rows[layout.level[index]]
        along, across = begin + thickness / 2, layout.across[index]
        x, y = (along, across) if sideways else (across, along)
        color = _COLORS[groups.setdefault(box.group, len(groups)) % len(_COLORS)]
        parts.append(_rectangle(box, x, y, color))
    width, height = (depth, breadth) if sideways else (breadth, depth)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" '
        'viewBox="0 0 %.0f %.0f" font-family="Helvetica,Arial,sans-serif" font-size="12">'
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#5f6368"/></marker></defs>'
        '<rect width="100%%" height="100%%" fill="white"/>%s</svg>'
        % (width, height, width, height, "".join(parts))
    )


def _edge(layout, rows, path, point):
    forward = layout.level[path[0]] <= layout.level[path[-1]]
    ends = []
    for i, place in enumerate(path):
        begin, end = layout.sides(place, rows)
        enters, leaves = (begin, end) if forward else (end, begin)
        if i:
            ends.append((enters, layout.across[place]))
        if i < len(path) - 1:
            ends.append((leaves, layout.across[place]))
    text = "M" + point(*ends[0])
    for i, ((along, across), (to_along, to_across)) in enumerate(zip(ends, ends[1:])):
        if i % 2:  # through a row
            text += "L" + point(to_along, to_across)
        else:
            middle = (along + to_along) / 2
            text += "C%s,%s,%s" % (
                point(middle, across),
                point(middle, to_across),
                point(to_along, to_across),
            )
    return '<path d="%s" fill="none" stroke="#5f6368" marker-end="url(#arrow)"/>' % text


def _rectangle(box, x, y, color):
    texts = "".join(
        '<text x="%.0f" y="%.0f" text-anchor="middle"%s>%s</text>'
        % (
            x,
            y - box.height / 2 + 5 + _LINE * i + 12,
            "" if i else ' font-weight="bold"',
            html.escape(line),
        )
        for i, line in enumerate(box.lines)
    )
    return (
        '<rect x="%.0f" y="%.0f" width="%.0f" height="%.0f" rx="4" fill="%s" stroke="#80868b"/>%s'
        % (x - box.width / 2, y - box.height / 2, box.width, box.height, color, texts)
    )


def graph_html(graph):
    """HTML of a Graph: how many operations of which types, and a picture of them or of its scopes.

    Args:
      graph: Graph.
    """
    count = graph._core.num_nodes()
    title = "<b>Graph</b>: %d operations" % count
    if not count or count > _MOST_OPERATIONS:
        return "<div>%s</div>" % title
    operations = graph.get_operations()
    kinds = collections.Counter(operation.type for operation in operations)
    most = ", ".join("%s \u00d7 %d" % kind for kind in kinds.most_common(8))
    picture, note = "", ""
    if count <= _MOST_BOXES // 4:
        picture = _picture(operations, [operation.name for operation in operations])
    else:
        names = [operation.name.split("/")[0] for operation in operations]
        if len(set(names)) <= _MOST_BOXES:
            note, picture = "; the picture shows name scopes", _picture(operations, names)
    title += " (%s%s)%s" % (html.escape(most), ", ..." if len(kinds) > 8 else "", note)
    return '<div>%s<div style="overflow:auto;max-height:600px">%s</div></div>' % (title, picture)


def _picture(operations, names):
    """One box for each name; `names` has one for each operation."""
    index = {name: i for i, name in enumerate(dict.fromkeys(names))}
    members = collections.defaultdict(list)
    place = {}
    for operation, name in zip(operations, names):
        members[name].append(operation)
        place[operation._id_value] = index[name]
    boxes = []
    for name in index:
        first = members[name][0]
        if len(members[name]) > 1:
            boxes.append(Box([name, "%d operations" % len(members[name])], "scope"))
        else:
            boxes.append(Box([first.name, *_description(first)], first.type))
    edges = []
    for operation in operations:
        target = place[operation._id_value]
        sources = [tensor.op for tensor in operation.inputs] + list(operation.control_inputs)
        edges.extend((place.get(source._id_value, target), target) for source in sources)
    return draw(boxes, edges)


def _description(operation):
    """Type, and type and shape of the first output."""
    lines = [operation.type]
    if operation.outputs:
        output = operation.outputs[0]
        dtype = output.dtype.name
        lines.append("%s %s" % (dtype, output.shape if output.shape.ndims is not None else "?"))
    return lines
