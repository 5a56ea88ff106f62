# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.distributions`: those of `tf.distributions`, and a few more."""

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.contrib.distributions.counts import Geometric, Poisson
from caudal.contrib.distributions.independent import Independent
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
        "caudal.contrib.distributions.discrete": "Binomial Deterministic "
        "ExpRelaxedOneHotCategorical NegativeBinomial OneHotCategorical RelaxedBernoulli "
        "RelaxedOneHotCategorical VectorDeterministic",
        "caudal.contrib.distributions.further": "BetaWithSoftplusConcentration Chi2WithAbsDf "
        "ExponentialWithSoftplusRate InverseGamma InverseGammaWithSoftplusConcentrationRate "
        "Kumaraswamy LaplaceWithSoftplusScale SinhArcsinh StudentTWithAbsDfSoftplusScale",
        "caudal.contrib.distributions.mixtures": "Autoregressive BatchReshape Mixture "
        "MixtureSameFamily QuantizedDistribution",
        "caudal.contrib.distributions.multivariate": "MultivariateNormalDiag "
        "MultivariateNormalDiagPlusLowRank MultivariateNormalDiagWithSoftplusScale "
        "MultivariateNormalFullCovariance MultivariateNormalTriL VectorExponentialDiag "
        "VectorLaplaceDiag VectorSinhArcsinhDiag",
        "caudal.contrib.distributions.statistics": "assign_log_moving_mean_exp "
        "assign_moving_mean_variance auto_correlation moving_mean_variance "
        "normal_conjugates_known_scale_posterior normal_conjugates_known_scale_predictive "
        "percentile",
        "caudal.contrib.distributions.transformed": "ConditionalDistribution "
        "ConditionalTransformedDistribution TransformedDistribution",
        "caudal.contrib.distributions.util": "SeedStream fill_triangular fill_triangular_inverse "
        "matrix_diag_transform reduce_weighted_logsumexp softplus_inverse tridiag",
        "caudal.contrib.distributions.wishart": "WishartCholesky WishartFull",
    },
)
