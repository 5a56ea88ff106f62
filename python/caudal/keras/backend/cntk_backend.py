# SPDX-License-Identifier: Apache-2.0
"""There is no CNTK here."""

raise ImportError("caudal.keras has one backend, 'tensorflow'; there is no CNTK backend")
