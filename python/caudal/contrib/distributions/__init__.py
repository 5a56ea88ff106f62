# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.distributions`: those of `tf.distributions`, and a few more."""

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.contrib.distributions.counts import Geometric, Poisson
from caudal.contrib.distributions.independent import Independent
from caudal.contrib.distributions.multivariate import MultivariateNormalDiag
from caudal.contrib.distributions.real import Cauchy, Chi2, HalfNormal, Logistic
from caudal.ops.distributions.discrete import (
    Bernoulli,
    Categorical,
    Dirichlet,
    DirichletMultinomial,
    Multinomial,
)
from caudal.ops.distributions.distribution import (
    FULLY_REPARAMETERIZED,
    NOT_REPARAMETERIZED,
    Distribution,
    ReparameterizationType,
)
from caudal.ops.distributions.kullback_leibler import RegisterKL, kl_divergence
from caudal.ops.distributions.scalars import (
    Beta,
    Exponential,
    Gamma,
    GammaWithSoftplusConcentrationRate,
    Laplace,
    Normal,
    NormalWithSoftplusScale,
    StudentT,
    Uniform,
)

__all__ = [
    "Bernoulli",
    "Beta",
    "Categorical",
    "Cauchy",
    "Chi2",
    "Dirichlet",
    "DirichletMultinomial",
    "Distribution",
    "Exponential",
    "FULLY_REPARAMETERIZED",
    "Gamma",
    "GammaWithSoftplusConcentrationRate",
    "Geometric",
    "HalfNormal",
    "Independent",
    "Laplace",
    "Logistic",
    "Multinomial",
    "MultivariateNormalDiag",
    "NOT_REPARAMETERIZED",
    "Normal",
    "NormalWithSoftplusScale",
    "Poisson",
    "RegisterKL",
    "ReparameterizationType",
    "StudentT",
    "Uniform",
    "kl_divergence",
]

__getattr__ = _module_getattr(
    "contrib.distributions",
    {
        "caudal.contrib.distributions.bijectors": "@",
        "caudal.contrib.distributions.util": "SeedStream fill_triangular fill_triangular_inverse "
        "matrix_diag_transform reduce_weighted_logsumexp softplus_inverse tridiag",
    },
)
