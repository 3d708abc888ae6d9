// SPDX-License-Identifier: GPL-2.0
/*
 * The trace events are made here, from their header.
 */
#define CREATE_TRACE_POINTS
#include "trace.h"
