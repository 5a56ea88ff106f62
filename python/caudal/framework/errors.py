# SPDX-License-Identifier: Apache-2.0
"""Exceptions of running graphs, one class per error code."""

OK = 0
CANCELLED = 1
UNKNOWN = 2
INVALID_ARGUMENT = 3
DEADLINE_EXCEEDED = 4
NOT_FOUND = 5
ALREADY_EXISTS = 6
PERMISSION_DENIED = 7
RESOURCE_EXHAUSTED = 8
FAILED_PRECONDITION = 9
ABORTED = 10
OUT_OF_RANGE = 11
UNIMPLEMENTED = 12
INTERNAL = 13
UNAVAILABLE = 14
DATA_LOSS = 15
UNAUTHENTICATED = 16


class OpError(Exception):
    """An operation failed while a graph was running.

    Attributes: `message`, `error_code`, `op` (the Operation, or None) and `node_def`.
    """

    def __init__(self, node_def, op, message, error_code):
        super().__init__()
        self._node_def = node_def
        self._op = op
        self._message = message
        self._error_code = error_code

    def __reduce__(self):
        cls = type(self)
        if cls is OpError:
            return cls, (None, None, self.message, self.error_code)
        if cls is UnknownError:
            return cls, (None, None, self.message, self.error_code)
        return cls, (None, None, self.message)

    @property
    def message(self):
        return self._message

    @property
    def op(self):
        """The Operation that failed; found by its name when it is asked for."""
        op = self._op
        if op is not None and callable(op):
            op = self._op = op()
        return op

    @property
    def error_code(self):
        return self._error_code

    @property
    def node_def(self):
        if self._node_def is None and self.op is not None:
            self._node_def = self.op.node_def
        return self._node_def

    def __str__(self):
        return self._message if isinstance(self._message, str) else str(self._message)


def _error_class(name, code, doc):
    def __init__(self, node_def, op, message):
        OpError.__init__(self, node_def, op, message, code)

    return type(name, (OpError,), {"__init__": __init__, "__doc__": doc, "__module__": __name__})


CancelledError = _error_class("CancelledError", CANCELLED, "The run was cancelled.")
InvalidArgumentError = _error_class(
    "InvalidArgumentError", INVALID_ARGUMENT, "An operation got an argument it cannot work with."
)
DeadlineExceededError = _error_class(
    "DeadlineExceededError", DEADLINE_EXCEEDED, "The run took longer than it was allowed to."
)
NotFoundError = _error_class(
    "NotFoundError", NOT_FOUND, "Something asked for, such as a file, was not found."
)
AlreadyExistsError = _error_class(
    "AlreadyExistsError", ALREADY_EXISTS, "Something to be created exists already."
)
PermissionDeniedError = _error_class(
    "PermissionDeniedError", PERMISSION_DENIED, "The caller may not do this."
)
ResourceExhaustedError = _error_class(
    "ResourceExhaustedError", RESOURCE_EXHAUSTED, "Memory or another resource ran out."
)
FailedPreconditionError = _error_class(
    "FailedPreconditionError",
    FAILED_PRECONDITION,
    "The state does not allow the operation, such as reading an uninitialized variable.",
)
AbortedError = _error_class("AbortedError", ABORTED, "The operation was aborted by another one.")
OutOfRangeError = _error_class(
    "OutOfRangeError", OUT_OF_RANGE, "The end of the input was passed, such as of a queue."
)
UnimplementedError = _error_class(
    "UnimplementedError", UNIMPLEMENTED, "The operation is not implemented."
)
InternalError = _error_class("InternalError", INTERNAL, "An invariant of the library is broken.")
UnavailableError = _error_class("UnavailableError", UNAVAILABLE, "Not available at the moment.")
DataLossError = _error_class("DataLossError", DATA_LOSS, "Data was lost or is corrupt.")
UnauthenticatedError = _error_class(
    "UnauthenticatedError", UNAUTHENTICATED, "The caller has no valid credentials."
)


class UnknownError(OpError):
    """An error of which nothing more is known."""

    def __init__(self, node_def, op, message, error_code=UNKNOWN):
        super().__init__(node_def, op, message, error_code)


_BY_CODE = {
    CANCELLED: CancelledError,
    UNKNOWN: UnknownError,
    INVALID_ARGUMENT: InvalidArgumentError,
    DEADLINE_EXCEEDED: DeadlineExceededError,
    NOT_FOUND: NotFoundError,
    ALREADY_EXISTS: AlreadyExistsError,
    PERMISSION_DENIED: PermissionDeniedError,
    RESOURCE_EXHAUSTED: ResourceExhaustedError,
    FAILED_PRECONDITION: FailedPreconditionError,
    ABORTED: AbortedError,
    OUT_OF_RANGE: OutOfRangeError,
    UNIMPLEMENTED: UnimplementedError,
    INTERNAL: InternalError,
    UNAVAILABLE: UnavailableError,
    DATA_LOSS: DataLossError,
    UNAUTHENTICATED: UnauthenticatedError,
}
_CODE_OF = {cls: code for code, cls in _BY_CODE.items()}


def exception_type_from_error_code(error_code):
    return _BY_CODE[error_code]


def error_code_from_exception_type(cls):
    return _CODE_OF[cls]


def from_core(error, graph=None):
    """The exception for an error of the core, met while running."""
    name = error.node_name

    def find():
        if graph is None or not name:
            return None
        try:
            return graph.get_operation_by_name(name)
        except (KeyError, ValueError):
            return None

    return from_code(error.code, error.message, find if name else None)


def from_code(code, message, op=None):
    cls = _BY_CODE.get(code)
    if cls is None:
        return UnknownError(None, op, message, code)
    return cls(None, op, message)
