# SPDX-License-Identifier: MIT
# The floors of core/, lowest first: each uses only those before it (scripts/check layers). Headers are
# included by their name alone, so that no name stands twice.
set(ARAREXT_CORE_FLOORS base chip package wire update loader)
list(TRANSFORM ARAREXT_CORE_FLOORS PREPEND "${PROJECT_SOURCE_DIR}/core/")
