# SPDX-License-Identifier: Apache-2.0
"""Running graphs: sessions, their configuration and their traces."""
