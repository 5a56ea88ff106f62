# SPDX-License-Identifier: Apache-2.0
"""Initializers of convolution kernels that keep the norm of what they are applied to."""

from caudal.framework import dtypes, tensor_shape
from caudal.ops import array_ops, linalg_ops, math_ops, random_ops
from caudal.ops.init_ops import Initializer


class _OrthogonalKernel(Initializer):
    """What the initializers share: checks of the shape and random orthogonal matrices.

    Args:
      gain: factor on the kernel.
      seed: of the random numbers.
      dtype: a floating point dtype.
    """

    _RANKS = ()
    _RANK_TEXT = ""

    def __init__(self, gain=1.0, seed=None, dtype=dtypes.float32):
        self.gain = gain
        self.seed = seed
        self.dtype = dtypes.as_dtype(dtype)
        if not self.dtype.is_floating:
            raise ValueError("Expected floating point type, got %s." % self.dtype)

    def get_config(self):
        return {"gain": self.gain, "seed": self.seed, "dtype": self.dtype.name}

    def _checked(self, shape):
        shape = tensor_shape.TensorShape(shape).as_list()
        if len(shape) not in self._RANKS:
            raise ValueError("The tensor to initialize must be " + self._RANK_TEXT)
        if shape[-2] > shape[-1]:
            raise ValueError("In_filters cannot be greater than out_filters.")
        return shape

    def _next_seed(self):
        seed = self.seed
        if self.seed:
            self.seed += 1
        return seed

    def _orthogonal(self, n, dtype):
        values = random_ops.random_normal([n, n], dtype=dtype, seed=self._next_seed())
        q, r = linalg_ops.qr(values)
        return q * math_ops.sign(array_ops.diag_part(r))  # uniform over orthogonal matrices

    def _projection(self, n, dtype):
        """A symmetric projection onto the span of random columns of an orthogonal matrix."""
        q = self._orthogonal(n, dtype)
        chosen = random_ops.random_normal([n], seed=self._next_seed()) > 0
        some = q * math_ops.cast(chosen, dtype)
        return math_ops.matmul(some, array_ops.matrix_transpose(some))


class ConvolutionDeltaOrthogonal(_OrthogonalKernel):
    """A kernel that is an orthogonal matrix in its middle and zero elsewhere.

    For shapes of rank 3, 4 or 5, with at most as many input as output channels.
    """

    _RANKS = (3, 4, 5)
    _RANK_TEXT = "at least three-dimensional and at most five-dimensional"

    def __call__(self, shape, dtype=None, partition_info=None):
        shape = self._checked(shape)
        dtype = self.dtype if dtype is None else dtypes.as_dtype(dtype)
        values = random_ops.random_normal([shape[-1]] * 2, dtype=dtype, seed=self.seed)
        q, r = linalg_ops.qr(values, full_matrices=False)
        q = (q * math_ops.sign(array_ops.diag_part(r)))[: shape[-2], :]
        q = q * math_ops.cast(self.gain, dtype)
        middle = [(n - 1) // 2 for n in shape[:-2]]
        return array_ops.scatter_nd([middle], array_ops.expand_dims(q, 0), shape)


class _ConvolutionOrthogonal(_OrthogonalKernel):
    """A kernel of equal extents whose convolution is an orthogonal map.

    It is the product of kernels of extent 2, each made of projections.
    """

    def __call__(self, shape, dtype=None, partition_info=None):
        shape = self._checked(shape)
        extents, (cin, cout) = shape[:-2], shape[-2:]
        if len(set(extents)) != 1:
            raise ValueError("Kernel sizes must be equal.")
        dtype = self.dtype if dtype is None else dtypes.as_dtype(dtype)
        first = self._orthogonal(cout, dtype)[:cin, :]
        blocks = {(0,) * len(extents): None}
        for _ in range(extents[0] - 1):
            blocks = _product(blocks, self._small_kernel(len(extents), cout, dtype))
        matrices = [first if m is None else math_ops.matmul(first, m) for _, m in sorted(
            blocks.items(), key=lambda item: item[0])]  # fmt: skip
        kernel = array_ops.reshape(array_ops.stack(matrices), shape)
        return kernel * math_ops.cast(self.gain, dtype)

    def _small_kernel(self, rank, n, dtype):
        """Of extent 2: at each index the product over the axes of a projection or its rest."""
        identity = linalg_ops.eye(n, dtype=dtype)
        blocks = {(): None}
        for projection in [self._projection(n, dtype) for _ in range(rank)]:
            pair = (projection, identity - projection)
            if rank == 3:  # as in TensorFlow, whose values these are
                pair = pair[::-1]
            blocks = {
                index + (i,): pair[i] if m is None else math_ops.matmul(m, pair[i])
                for index, m in blocks.items()
                for i in (0, 1)
            }
        return blocks


def _product(a, b):
    """The convolution of two kernels of matrices, {index: matrix}; None is the identity."""
    sums = {}
    for i, x in a.items():
        for j, y in b.items():
            term = y if x is None else math_ops.matmul(x, y)
            index = tuple(p + q for p, q in zip(i, j))
            sums[index] = term if index not in sums else sums[index] + term
    return sums


class ConvolutionOrthogonal1D(_ConvolutionOrthogonal):
    """For kernels [width, in, out]."""

    _RANKS = (3,)
    _RANK_TEXT = "three-dimensional"


class ConvolutionOrthogonal2D(_ConvolutionOrthogonal):
    """For kernels [height, width, in, out] with height = width."""

    _RANKS = (4,)
    _RANK_TEXT = "four-dimensional"


class ConvolutionOrthogonal3D(_ConvolutionOrthogonal):
    """For kernels [depth, height, width, in, out] with equal extents."""

    _RANKS = (5,)
    _RANK_TEXT = "five-dimensional"


convolutional_delta_orthogonal = ConvolutionDeltaOrthogonal
convolutional_orthogonal_1d = ConvolutionOrthogonal1D
convolutional_orthogonal_2d = ConvolutionOrthogonal2D
convolutional_orthogonal_3d = ConvolutionOrthogonal3D
