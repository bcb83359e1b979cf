# SPDX-License-Identifier: MIT
# What the library is made of, by ARAREXT_OPENSSL and ARAREXT_TERMIOS: for host/lib and for the page (web/).
set(ARAREXT_LIB_FLOORS base board image package session streaming task)
list(TRANSFORM ARAREXT_LIB_FLOORS PREPEND "${CMAKE_CURRENT_LIST_DIR}/")

# Keys and signatures: by OpenSSL, or public keys alone by what the bootloader has.
if(ARAREXT_OPENSSL)
    set(ARAREXT_KEYS package_key)
    set(ARAREXT_PC_OPENSSL libcrypto)
else()
    set(ARAREXT_KEYS package_key_plain)
    set(ARAREXT_PC_OPENSSL "")
endif()

# Serial ports: by Linux's termios, or none.
if(ARAREXT_TERMIOS)
    set(ARAREXT_PORTS session/port_name.c session/port_users.c session/ports.c session/serial.c
        session/serial_baud.c session/tcp.c)
    set(ARAREXT_PC_PORTS libserialport)
else()
    set(ARAREXT_PORTS session/serial_none.c)
    set(ARAREXT_PC_PORTS "")
endif()

set(ARAREXT_LIB_SOURCES
    ${ARAREXT_PORTS}
    base/errors.c
    base/library_version.c
    base/message.c
    base/reserved.c
    board/board_bytes.c
    board/board_check.c
    board/board_clock.c
    board/board_file.c
    board/board_pins.c
    board/board_preset.c
    board/board_words.c
    image/file_kind.c
    image/image.c
    image/image_check.c
    image/image_dfuse.c
    image/image_elf.c
    image/image_hex.c
    image/image_lines.c
    image/image_part.c
    image/image_patch.c
    image/image_pieces.c
    image/image_srec.c
    image/image_uf2.c
    image/vectors.c
    package/package_check.c
    package/${ARAREXT_KEYS}.c
    package/package_lzma.c
    package/package_names.c
    package/package_pack.c
    package/package_read.c
    package/sha1.c
    session/board_time.c
    session/commands.c
    session/flash_compare.c
    session/info.c
    session/sectors.c
    session/session.c
    session/text.c
    session/wiring.c
    streaming/stream_blocks.c
    streaming/stream_end.c
    streaming/stream_flash.c
    streaming/stream_line.c
    streaming/stream_send.c
    streaming/stream_talk.c
    task/application.c
    task/board.c
    task/enter.c
    task/enter_lines.c
    task/flash.c
    task/plan.c
    task/provision.c
    task/slots.c
    task/update.c
    ${PROJECT_SOURCE_DIR}/core/base/crc.c
    ${PROJECT_SOURCE_DIR}/core/base/crc_frame.c
    ${PROJECT_SOURCE_DIR}/core/chip/board_block.c
    ${PROJECT_SOURCE_DIR}/core/chip/geometry.c
    ${PROJECT_SOURCE_DIR}/core/package/image.c
    ${PROJECT_SOURCE_DIR}/core/chip/region.c
    ${PROJECT_SOURCE_DIR}/core/wire/stream_frame.c)
if(NOT ARAREXT_OPENSSL)
    foreach(name IN ITEMS ecdsa p256_c sha256 sha256_c)
        list(APPEND ARAREXT_LIB_SOURCES ${PROJECT_SOURCE_DIR}/core/package/${name}.c)
    endforeach()
endif()
list(TRANSFORM ARAREXT_LIB_SOURCES REPLACE "^([a-z]+/)" "${CMAKE_CURRENT_LIST_DIR}/\\1")

# The boards that are built in.
include(${PROJECT_SOURCE_DIR}/cmake/presets.cmake)
ararext_write_presets(${CMAKE_CURRENT_BINARY_DIR}/generated/board_presets.inc)
