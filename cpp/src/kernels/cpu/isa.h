// SPDX-License-Identifier: Apache-2.0
// Owns: the namespace in which a kernel file is compiled once per x86-64 level (v2, v3, v4).
// Called by: every kernels/cpu file except onednn_*, blas_* and dispatch.cpp.
// Must not know: which level is chosen; dispatch.cpp does that at load.
#pragma once

#include <span>

#include "caudal/kernel.h"
#include "kernels/fusion.h"

#ifndef CAUDAL_ISA
#error "kernels/cpu files are compiled with CAUDAL_ISA=v2, v3 or v4"
#endif

// Open with `namespace caudal::cpu::CAUDAL_ISA {`. Everything but the family function declared in
// families.h belongs in an anonymous namespace inside.
