// SPDX-License-Identifier: Apache-2.0
// Owns: the version of this library and the symbol visibility macro.
// Called by: everything.
// Must not know: anything else.
#pragma once

#define CAUDAL_VERSION "0.1.0"

#if defined(_WIN32)
#define CAUDAL_API
#else
#define CAUDAL_API __attribute__((visibility("default")))
#endif
