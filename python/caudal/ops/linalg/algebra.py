# SPDX-License-Identifier: Apache-2.0
"""Products and quotients of two operators that are simpler than a composition."""

from caudal.ops.linalg import combined_operators as combined
from caudal.ops.linalg import plain_operators as plain
from caudal.ops.linalg import structured_operators as structured


def _self_adjoint(a, b):
    """A product of diagonal operators is self-adjoint if both factors are."""
    return True if a.is_self_adjoint and b.is_self_adjoint else None


def _hints(a, b, commute):
    singular = False if False in (a.is_non_singular, b.is_non_singular) else None
    return {
        "is_non_singular": True if a.is_non_singular and b.is_non_singular else singular,
        "is_self_adjoint": _self_adjoint(a, b) if commute else None,
        "is_positive_definite": (
            True if commute and a.is_positive_definite and b.is_positive_definite else None
        ),
        "is_square": True if a.is_square and b.is_square else None,
    }


def _blocks(a, b):
    if not (
        isinstance(a, combined.LinearOperatorBlockDiag)
        and isinstance(b, combined.LinearOperatorBlockDiag)
        and len(a.operators) == len(b.operators)
    ):
        return False
    sizes = [
        (x.domain_dimension.value, y.range_dimension.value)
        for x, y in zip(a.operators, b.operators)
    ]
    return all(m is not None and m == n for m, n in sizes)


def product(a, b):
    """The operator a b; None where only a composition tells."""
    if isinstance(a, plain.LinearOperatorZeros):
        return a
    if isinstance(b, plain.LinearOperatorZeros):
        return b
    if isinstance(a, plain.LinearOperatorIdentity):
        return b
    if isinstance(b, plain.LinearOperatorIdentity):
        return a
    scaled = plain.LinearOperatorScaledIdentity
    if isinstance(a, scaled) and isinstance(b, scaled):
        return scaled(a.rows, a.multiplier * b.multiplier, **_hints(a, b, True))
    diagonal = plain.LinearOperatorDiag
    if isinstance(a, (scaled, diagonal)) and isinstance(b, (scaled, diagonal)):
        return diagonal(a.diag_part() * b.diag_part(), **_hints(a, b, True))
    triangular = plain.LinearOperatorLowerTriangular
    if isinstance(a, diagonal) and isinstance(b, triangular):
        return triangular(a.matmul(b.to_dense()), **_hints(a, b, False))
    if isinstance(a, triangular) and isinstance(b, diagonal):
        return triangular(a.to_dense() * b.diag[..., None, :], **_hints(a, b, False))
    circulant = structured.LinearOperatorCirculant
    if type(a) is circulant and type(b) is circulant:
        return circulant(a.spectrum * b.spectrum, a.dtype, **_hints(a, b, True))
    if _blocks(a, b):
        parts = [x.matmul(y) for x, y in zip(a.operators, b.operators)]
        return combined.LinearOperatorBlockDiag(parts, **_hints(a, b, False))
    return None


def quotient(a, b):
    """The operator a^-1 b; None where only a composition tells."""
    if isinstance(a, plain.LinearOperatorIdentity):
        return b
    if isinstance(a, combined.LinearOperatorInversion):
        return product(a.operator, b)
    scaled, diagonal = plain.LinearOperatorScaledIdentity, plain.LinearOperatorDiag
    if isinstance(a, scaled) and isinstance(b, scaled):
        return scaled(a.rows, b.multiplier / a.multiplier, **_hints(a, b, True))
    if isinstance(a, (scaled, diagonal)) and isinstance(b, (scaled, diagonal)):
        return diagonal(b.diag_part() / a.diag_part(), **_hints(a, b, True))
    triangular = plain.LinearOperatorLowerTriangular
    if isinstance(a, diagonal) and isinstance(b, triangular):
        return triangular(a.solve(b.to_dense()), **_hints(a, b, False))
    circulant = structured.LinearOperatorCirculant
    if type(a) is circulant and type(b) is circulant:
        return circulant(b.spectrum / a.spectrum, a.dtype, **_hints(a, b, True))
    if _blocks(a, b):
        parts = [x.solve(y) for x, y in zip(a.operators, b.operators)]
        return combined.LinearOperatorBlockDiag(parts, **_hints(a, b, False))
    return None
