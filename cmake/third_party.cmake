# SPDX-License-Identifier: MIT
# The third-party sources, as scripts/fetch leaves them: every file of third_party/SHA256SUMS (the page's:
# SHA256SUMS.web) must be there and be the one listed, or nothing is configured. A file that changes is looked
# at again.
if(DEFINED ENV{ARAREXT_THIRD_PARTY})
    get_filename_component(third_party_default "$ENV{ARAREXT_THIRD_PARTY}" ABSOLUTE
                           BASE_DIR ${PROJECT_SOURCE_DIR})
else()
    set(third_party_default ${PROJECT_SOURCE_DIR}/build/third_party)
endif()
set(ARAREXT_THIRD_PARTY_DIR ${third_party_default} CACHE PATH
    "Folder with the third-party sources: <package>/<path inside its source>")

set(third_party_sums third_party/SHA256SUMS)
set(third_party_fetch scripts/fetch)
if(CMAKE_SYSTEM_NAME STREQUAL WASI)
    set(third_party_sums third_party/SHA256SUMS.web)
    set(third_party_fetch "scripts/fetch web")
endif()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${third_party_sums})
file(STRINGS ${PROJECT_SOURCE_DIR}/${third_party_sums} third_party_lines REGEX "^[0-9a-f]")
foreach(line IN LISTS third_party_lines)
    if(NOT line MATCHES "^([0-9a-f]+)  ([^ ]+)$")
        message(FATAL_ERROR "${third_party_sums}: not a line of it: ${line}")
    endif()
    set(wanted ${CMAKE_MATCH_1})
    set(file ${ARAREXT_THIRD_PARTY_DIR}/${CMAKE_MATCH_2})
    if(NOT EXISTS ${file})
        message(FATAL_ERROR "${file} is missing. Run ${third_party_fetch}, then configure again.")
    endif()
    file(SHA256 ${file} found)
    if(NOT found STREQUAL wanted)
        message(FATAL_ERROR "${file} is not the file that ${third_party_sums} lists. "
                            "Remove it and run ${third_party_fetch}, then configure again.")
    endif()
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
endforeach()
