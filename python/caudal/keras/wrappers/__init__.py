# SPDX-License-Identifier: Apache-2.0
"""Models in the clothes of other libraries."""
