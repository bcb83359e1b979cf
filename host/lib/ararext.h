/* SPDX-License-Identifier: MIT */
/*
 * libararext: talks to the Ararext bootloader of an STM32F407 (PROTOCOL.md). A session over a
 * serial port or over any other transport given as a struct of functions with its own clock; images
 * from ELF, Intel HEX, S-record and binary files; and the operation that gets one into flash.
 * Packages are in ararext_package.h.
 *
 * Rules of the whole header. No globals: any number of sessions may exist, each used by one thread
 * at a time. Addresses are those of the chip, lengths are bytes, times are milliseconds. Functions
 * that return int return ARAREXT_OK or a negative enum ararext_error; every function that sends
 * something can return IO, TIMEOUT, GARBLED, REFUSED and INTERRUPTED (each explained at the enum),
 * which is not repeated below. Pointers that go in are not kept unless it says so.
 *
 * Structs that a caller has the memory for end in reserved words, so that later versions can tell
 * more and be told more without another size. What goes in begins as zeros (a designated
 * initialiser, ararext_default_options): ARGUMENT for a reserved word that is not 0, since it asks
 * for what this version does not know. What comes out has 0 there.
 */
#ifndef ARAREXT_H
#define ARAREXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) || defined(__clang__)
#define ARAREXT_API     __attribute__((visibility("default")))
#define ARAREXT_CHECKED __attribute__((warn_unused_result))
#else
#define ARAREXT_API
#define ARAREXT_CHECKED
#endif

/* "1.2.3": of the library that runs, which may be newer than this header. */
ARAREXT_API const char *ararext_library_version(void);

/* ---- errors ---- */

enum ararext_error {
    ARAREXT_OK = 0,
    ARAREXT_ERR_ARGUMENT = -1,     /* the caller's mistake: a value out of its range */
    ARAREXT_ERR_MEMORY = -2,       /* out of memory */
    ARAREXT_ERR_NO_PORT = -3,      /* no such port, or no port with a board */
    ARAREXT_ERR_BUSY = -4,         /* another program has the port */
    ARAREXT_ERR_PERMISSION = -5,   /* the port may not be opened by this user */
    ARAREXT_ERR_IO = -6,           /* the port failed or went away */
    ARAREXT_ERR_MANY = -7,         /* several boards answer: one has to be named */
    ARAREXT_ERR_TIMEOUT = -8,      /* no answer, or half of one, after all retries */
    ARAREXT_ERR_GARBLED = -9,      /* what came back is not an answer, after all retries */
    ARAREXT_ERR_DIALECT = -10,     /* the board speaks the course dialect until its next reset */
    ARAREXT_ERR_REFUSED = -11,     /* the board answered 7F; see ararext_last_failure */
    ARAREXT_ERR_UNSUPPORTED = -12, /* the bootloader does not have the command or feature */
    ARAREXT_ERR_FILE = -13,        /* a file cannot be read or written */
    ARAREXT_ERR_FORMAT = -14,      /* a file is not what it should be */
    ARAREXT_ERR_IMAGE = -15,       /* an image does not fit the part or cannot be an application */
    ARAREXT_ERR_VERIFY = -16,      /* flash does not hold what it should */
    ARAREXT_ERR_DECLINED = -17,    /* something dangerous was not confirmed */
    ARAREXT_ERR_INTERRUPTED = -18, /* stopped by ararext_options.stop */
    ARAREXT_ERR_PROTECTED = -19,   /* not tried: a sector that would change is write-protected */
    ARAREXT_ERR_MISFIT = -20,      /* not tried: a package is not for this board */
    ARAREXT_ERR_SIGNATURE = -21,   /* a package is not signed by whom it should be */
    ARAREXT_ERR_REJECTED = -22,    /* the board rejected the new application */
    ARAREXT_ERR_UNCONFIRMED = -23, /* started, and nobody told whether it was confirmed */
    ARAREXT_ERR_PROVISION = -24,   /* not tried: OTP cannot hold what it should */
    ARAREXT_ERR_COUNT = 25,
};

/* One row for each error: the tool's exit status and the documents come from here. */
struct ararext_error_entry {
    const char *name;     /* "timeout": stable, for scripts */
    const char *sentence; /* what it means, without a full stop */
    int code;             /* enum ararext_error */
    int exit_status;      /* of the tool */
};
/* The row of code; the row of ARAREXT_ERR_ARGUMENT for a number that is none. */
ARAREXT_API const struct ararext_error_entry *ararext_error_entry(int code);

/* A sentence about one particular failure, filled in by functions that take it; NULL is allowed
 * there. Without a full stop, may be empty. */
struct ararext_message {
    char text[512];
};

/* ---- the protocol's numbers (PROTOCOL.md) ---- */

enum ararext_command {
    ARAREXT_GET_VER = 0x51,
    ARAREXT_GET_HELP = 0x52,
    ARAREXT_GET_CID = 0x53,
    ARAREXT_GET_RDP_STATUS = 0x54,
    ARAREXT_GO_TO_ADDR = 0x55,
    ARAREXT_FLASH_ERASE = 0x56,
    ARAREXT_MEM_WRITE = 0x57,
    ARAREXT_EN_RW_PROTECT = 0x58,
    ARAREXT_MEM_READ = 0x59,
    ARAREXT_READ_SECTOR_P_STATUS = 0x5A,
    ARAREXT_OTP_READ = 0x5B,
    ARAREXT_DIS_R_W_PROTECT = 0x5C,
    ARAREXT_GET_LAST_ERROR = 0x60,
    ARAREXT_GET_INFO = 0x61,
    ARAREXT_RESET = 0x62,
    ARAREXT_MEM_CRC = 0x63,
    ARAREXT_GET_SLOTS = 0x64,
    ARAREXT_STAGE_BEGIN = 0x65,
    ARAREXT_STAGE_WRITE = 0x66,
    ARAREXT_STAGE_FINISH = 0x67,
    ARAREXT_CONFIRM = 0x68,
    ARAREXT_ROLLBACK = 0x69,
    ARAREXT_PROVISION = 0x6A,
    ARAREXT_SET_BAUD = 0x6B,
    ARAREXT_STREAM_BEGIN = 0x6C,
    ARAREXT_DIGESTS = 0x6D,
    ARAREXT_GET_BOARD = 0x6E,
};

enum ararext_dialect {
    ARAREXT_NATIVE = 1,
    ARAREXT_COURSE = 2,
};

#define ARAREXT_PAYLOAD_MAX 254u /* bytes behind the command in a native request */
#define ARAREXT_DATA_MAX    255u /* data bytes of an answer */
#define ARAREXT_READ_MAX    255u /* bytes of one MEM_READ or OTP_READ */
#define ARAREXT_WRITE_MAX   249u /* bytes of one MEM_WRITE */
#define ARAREXT_OTP_SIZE    528u /* 512 bytes of data and 16 lock bytes */
#define ARAREXT_FRAME_MAX   260u
#define ARAREXT_SECTORS_MAX 64u
#define ARAREXT_APP_BASE    0x08008000u /* where an application starts unless it says otherwise */
#define ARAREXT_FLASH_END   0x08100000u /* of the largest part */

/* Bits of ararext_info.features. */
#define ARAREXT_FEATURE_LAST_ERROR 1u
#define ARAREXT_FEATURE_RESET      2u
#define ARAREXT_FEATURE_MEM_CRC    4u
#define ARAREXT_FEATURE_PACKAGES   8u
#define ARAREXT_FEATURE_STREAM     16u
#define ARAREXT_FEATURE_CHECKED    32u
#define ARAREXT_FEATURE_LOCK       64u
#define ARAREXT_FEATURE_BOARD      128u
#define ARAREXT_FEATURE_DEBUG      0x80000000u /* a debug build of the bootloader */

/* Name of a command ("FLASH_ERASE") and back; NULL and -1 when there is none. Case does not count.
 */
ARAREXT_API const char *ararext_command_name(uint8_t code);
ARAREXT_API int ararext_command_code(const char *name);

/* Reasons of GET_LAST_ERROR: what the board means ("sector 2 is write-protected"; detail is put in
 * where the reason has one), and what a person can do next ("" if there is no advice).
 * Never fails; unknown reasons are told by number. */
ARAREXT_API void ararext_reason_text(uint8_t reason, uint32_t detail, struct ararext_message *out);
ARAREXT_API const char *ararext_reason_advice(uint8_t reason);

/* The CRC of the protocol (PROTOCOL.md, "CRC32"). Start with 0xFFFFFFFF; goes on from crc. */
ARAREXT_API uint32_t ararext_crc(uint32_t crc, const uint8_t *data, size_t len);

/* ---- transport ---- */

/* What carries the bytes, and the clock that time-outs are measured with. The functions get ctx.
 * Those that return int return ARAREXT_OK or ARAREXT_ERR_IO. All of them but reopen are set. */
struct ararext_transport {
    void *ctx;
    /* Hands all len bytes to the line within timeout_ms; they need not have left when it returns.
     * TIMEOUT when the line does not take them: some may have gone. */
    int (*write)(void *ctx, const uint8_t *data, size_t len, unsigned timeout_ms);
    /* Waits up to timeout_ms for the first byte, then takes what is there, at most size bytes.
     * Silence is no error: *got is 0. timeout_ms 0 does not wait. */
    int (*read)(void *ctx, uint8_t *data, size_t size, unsigned timeout_ms, size_t *got);
    /* Sets the line to baud, 8N1, no flow control. ARAREXT_ERR_ARGUMENT if it cannot do that rate.
     */
    int (*set_baud)(void *ctx, uint32_t baud);
    int (*flush_input)(void *ctx); /* throws away what has been received and not read */
    /* Waits until what was written has left; bounded: what does not leave is thrown away then. */
    int (*drain)(void *ctx);
    uint64_t (*now_ms)(void *ctx); /* never goes back; any start */
    void (*sleep_ms)(void *ctx, unsigned ms);
    void (*close)(void *ctx); /* called once, by ararext_close; ctx is then not used any more */
    /* The far end is a program whose clock may lag behind now_ms (a twin on a busy machine): the
     * session is then more patient than PROTOCOL.md's times ask for. */
    bool may_lag;
    /* NULL, or: tries once to open again what has gone away, at 115200; IO as long as it is not
     * there. Until it has come back all others return IO. */
    int (*reopen)(void *ctx);
    /* NULL, or: asserts those modem lines of mask (ARAREXT_LINE_) that value has, and releases the
     * others of mask. The pin of an adapter is low where its line is asserted. UNSUPPORTED for a
     * port that has none. Never called unless a wiring is asked for. */
    int (*set_lines)(void *ctx, unsigned mask, unsigned value);
    /* NULL, or: sends a break of at least that long. */
    int (*send_break)(void *ctx, unsigned ms);
    uint64_t reserved[2];
};
#define ARAREXT_LINE_DTR 1u
#define ARAREXT_LINE_RTS 2u

/* Opens a serial port (or a pseudo-terminal, or a symbolic link to one) for this process alone,
 * raw, 8N1, and fills in out. Closing puts the line settings back. The modem lines are left as
 * opening finds or puts them. why gets the sentence. NO_PORT, BUSY, PERMISSION, IO, MEMORY,
 * ARGUMENT (the port cannot do that baud rate). */
ARAREXT_CHECKED ARAREXT_API int ararext_serial_open(struct ararext_transport *out, const char *path,
                                                    uint32_t baud, struct ararext_message *why);

/* Whether other programs hold a port open, and which, where this system tells: "minicom (pid 12)".
 * They may take the answers away. */
ARAREXT_API bool ararext_port_users(const char *path, struct ararext_message *who);

/* A serial port of this machine. */
struct ararext_port {
    char path[256];
    char description[128]; /* "" if the system has none */
    int usb_vid, usb_pid;  /* -1 if it is no USB port */
    char usb_serial[64];   /* "" if the adapter has none */
    bool twin;             /* a default link of a board twin that runs */
    bool console;          /* this machine's own console: not to be spoken to unasked */
    uint64_t reserved[4];
};
/* Lists the ports: what the system knows, and the twin's default links that lead
 * somewhere. *out is one allocation, freed with free(). MEMORY, IO. */
ARAREXT_CHECKED ARAREXT_API int ararext_list_ports(struct ararext_port **out, size_t *count);
/* Path of the twin's default link for USART2: $XDG_RUNTIME_DIR or /tmp, then "/ararext-usart2". */
ARAREXT_API void ararext_twin_link(char *path, size_t size);

/* ---- session ---- */

struct ararext_session;

struct ararext_options {
    uint32_t baud;      /* for the time-outs; 0 = 115200 */
    unsigned retries;   /* resends after no or a garbled answer; at most 10 */
    bool no_extensions; /* use the twelve commands 51-5C alone */
    unsigned margin_ms; /* added to every time-out for adapters and schedulers; 0 = 300 */
    /* Asked between frames; true makes the running function return INTERRUPTED. May be NULL. */
    bool (*stop)(void *ctx);
    /* Sees everything on the wire: sent true for a request. May be NULL. */
    void (*trace)(void *ctx, bool sent, const uint8_t *data, size_t len);
    /* Told when a stream has lost the board, or the port itself (port), and now waits for it to
     * come back, so long at most. May be NULL. */
    void (*lost)(void *ctx, bool port, unsigned limit_ms);
    void *ctx;
    uint64_t reserved[4];
};
/* 115200 baud, 2 resends, everything else off. */
ARAREXT_API void ararext_default_options(struct ararext_options *out);

/* Starts a session. It takes over *transport (ararext_close closes it); on failure the caller still
 * has it. options NULL means the defaults. Sends nothing. ARGUMENT, MEMORY. */
ARAREXT_CHECKED ARAREXT_API int ararext_open(struct ararext_session **out,
                                             const struct ararext_transport *transport,
                                             const struct ararext_options *options);
ARAREXT_API void ararext_close(struct ararext_session *s); /* NULL is allowed */
/* Ends a session and gives its transport back, open as it is. */
ARAREXT_API void ararext_release(struct ararext_session *s, struct ararext_transport *out);

/* The last failure of a session, for messages. */
struct ararext_failure {
    int code;                        /* enum ararext_error; OK if nothing failed yet */
    uint8_t sent[ARAREXT_FRAME_MAX]; /* the request */
    size_t sent_len;
    uint8_t got[300]; /* what came back, as far as it was read */
    size_t got_len;
    bool has_reason; /* the board said why, in the next three */
    uint8_t reason;
    uint8_t reason_command; /* command that failed; 0 = the frame was not understood */
    uint32_t detail;
    unsigned attempts; /* how often the request was sent */
};
ARAREXT_API const struct ararext_failure *ararext_last_failure(const struct ararext_session *s);
/* One sentence about the last failure: what was sent, what came back; their bytes too, if the
 * options have a trace. "" if nothing failed. */
ARAREXT_API void ararext_describe_failure(const struct ararext_session *s,
                                          struct ararext_message *out);
/* What a person can do about it; "" if there is no advice. Valid until the program ends. */
ARAREXT_API const char *ararext_failure_advice(const struct ararext_session *s);

struct ararext_counters {
    uint64_t frames; /* requests sent, resends included */
    uint64_t resends;
    uint64_t bytes_sent; /* on the wire */
    uint64_t bytes_received;
    uint64_t reserved[4];
};
ARAREXT_API void ararext_get_counters(const struct ararext_session *s,
                                      struct ararext_counters *out);

/* ---- one function for each command ----
 * They speak the native dialect. REFUSED is the board's 7F, UNSUPPORTED an extension that the board
 * or options.no_extensions rules out. */

/* First contact: GET_VER, and DIALECT if the board only answers the other dialect. A stream that a
 * host left open on the board, which then understands no command, is ended. */
ARAREXT_CHECKED ARAREXT_API int ararext_hello(struct ararext_session *s, uint8_t *version);
/* Whether ararext_hello found such a stream. */
ARAREXT_API bool ararext_ended_stream(const struct ararext_session *s);

ARAREXT_CHECKED ARAREXT_API int ararext_get_version(struct ararext_session *s, uint8_t *version);
/* Codes of the commands that the board has, ascending as it lists them; *count of at most 255. */
ARAREXT_CHECKED ARAREXT_API int ararext_get_commands(struct ararext_session *s, uint8_t codes[255],
                                                     size_t *count);
ARAREXT_CHECKED ARAREXT_API int ararext_get_chip_id(struct ararext_session *s, uint16_t *id);
ARAREXT_CHECKED ARAREXT_API int ararext_get_rdp(struct ararext_session *s, uint8_t *rdp);
/* Starts what is at addr. Never sent twice: an answer that got lost may have started it. */
ARAREXT_CHECKED ARAREXT_API int ararext_go(struct ararext_session *s, uint32_t addr);
/* Erases count sectors from first. */
ARAREXT_CHECKED ARAREXT_API int ararext_erase(struct ararext_session *s, uint8_t first,
                                              uint8_t count);
ARAREXT_CHECKED ARAREXT_API int ararext_erase_all(struct ararext_session *s); /* user sectors */
/* Writes len bytes, 1 to ARAREXT_WRITE_MAX. ARGUMENT for another len. */
ARAREXT_CHECKED ARAREXT_API int ararext_write(struct ararext_session *s, uint32_t addr,
                                              const uint8_t *data, size_t len);
/* Reads len bytes, 1 to ARAREXT_READ_MAX. ARGUMENT for another len. */
ARAREXT_CHECKED ARAREXT_API int ararext_read(struct ararext_session *s, uint32_t addr,
                                             uint8_t *data, size_t len);
/* Write protection for the sectors whose bits are 1 (bit i = sector i, 0 to 15), beside what is
 * protected already. */
ARAREXT_CHECKED ARAREXT_API int ararext_protect(struct ararext_session *s, uint16_t sectors);
/* The same, and read protection level 1 for the whole chip. There is no way back through the
 * bootloader: leaving level 1 erases the whole chip. The caller has asked the user. */
ARAREXT_CHECKED ARAREXT_API int ararext_protect_reading(struct ararext_session *s,
                                                        uint16_t sectors);
/* Write protection for the bootloader's own sectors. No command takes it off again. Needs
 * ARAREXT_FEATURE_LOCK. The caller has asked the user. */
ARAREXT_CHECKED ARAREXT_API int ararext_lock(struct ararext_session *s);
/* nWRP: bit i is 1 when sector i is not write-protected. */
ARAREXT_CHECKED ARAREXT_API int ararext_get_protection(struct ararext_session *s, uint16_t *nwrp);
/* len bytes, 1 to ARAREXT_READ_MAX, of the OTP area from offset; it has ARAREXT_OTP_SIZE. ARGUMENT.
 */
ARAREXT_CHECKED ARAREXT_API int ararext_read_otp(struct ararext_session *s, uint16_t offset,
                                                 uint8_t *data, size_t len);
/* Removes write protection from the application's sectors; keep_rdp leaves read protection level 1
 * as it is, without it the board refuses at level 1. */
ARAREXT_CHECKED ARAREXT_API int ararext_unprotect(struct ararext_session *s, bool keep_rdp);

struct ararext_board_error {
    uint8_t reason, command; /* 0 = none, 0 = frame not understood */
    uint16_t count;          /* failures since reset, stops at 65535 */
    uint32_t detail;
    uint64_t reserved[2];
};
ARAREXT_CHECKED ARAREXT_API int ararext_get_last_error(struct ararext_session *s,
                                                       struct ararext_board_error *out);
/* to_bootloader: stay in the bootloader after the reset. Never sent twice. */
ARAREXT_CHECKED ARAREXT_API int ararext_reset(struct ararext_session *s, bool to_bootloader);
ARAREXT_CHECKED ARAREXT_API int ararext_get_crc(struct ararext_session *s, uint32_t addr,
                                                uint32_t len, uint32_t *crc);

struct ararext_sector {
    uint32_t addr, size;
};

struct ararext_info {
    bool extended;      /* from GET_INFO; else put together from the twelve commands, and what
                           they do not tell is 0 */
    uint8_t protocol;   /* generation, 0x10 */
    uint8_t version[3]; /* of the bootloader */
    uint8_t dialect;
    uint16_t device_id, revision_id;
    uint16_t flash_kib;
    uint8_t uid[12];
    uint32_t features; /* ARAREXT_FEATURE_ bits */
    uint16_t length_max;
    uint16_t ring_size;
    uint32_t app_base, app_end;   /* application area, end exclusive */
    uint32_t sram_base, sram_end; /* free SRAM, end exclusive */
    uint32_t core_hz;
    uint8_t reset_cause, stay_reason, clock_source;
    uint8_t rdp;
    uint16_t nwrp;
    size_t sector_count;
    struct ararext_sector sectors[ARAREXT_SECTORS_MAX];
    uint64_t reserved[8];
};
/* Raises the rate of the line as far as adapter and board go, to limit at most (0: whatever can be
 * had). Each rate is proven by an exchange before it is used; where it does not hold both ends are
 * back at 115200. A board without streaming is left as it is. After ararext_get_info. */
ARAREXT_CHECKED ARAREXT_API int ararext_raise_baud(struct ararext_session *s, uint32_t limit);
/* Back to 115200, so that the next program finds the board at once; else the board goes back by
 * itself after 5 s of silence. Does nothing where the rate was not raised. */
ARAREXT_API void ararext_restore_baud(struct ararext_session *s);
/* The rate at the moment. */
ARAREXT_API uint32_t ararext_get_baud(const struct ararext_session *s);

/* All that the board tells about itself; without extensions from several of the twelve commands.
 * GARBLED when the answer contradicts itself, UNSUPPORTED for a layout that this version is too old
 * for. The session keeps the sector map for its time-outs. */
ARAREXT_CHECKED ARAREXT_API int ararext_get_info(struct ararext_session *s,
                                                 struct ararext_info *out);
/* What the application area of an open board holds. */
struct ararext_application {
    uint32_t bytes; /* up to where a sector's rest is erased; 0 = nothing */
    uint32_t crc;   /* over these (PROTOCOL.md, "CRC32") */
    bool plausible; /* begins like an application: stack pointer and reset handler */
    /* 0, or where what stands in sectors behind that ends: the tail of an older, longer
     * application, or more of this one behind a gap. */
    uint32_t further;
    uint64_t reserved[2];
};
/* Finds out. UNSUPPORTED for a bootloader without MEM_CRC. */
ARAREXT_CHECKED ARAREXT_API int ararext_find_application(struct ararext_session *s,
                                                         const struct ararext_info *info,
                                                         struct ararext_application *out);
/* Sector that holds addr, -1 if none does. */
ARAREXT_API int ararext_find_sector(const struct ararext_info *info, uint32_t addr);
/* "power-on", "watchdog", ... of RCC_CSR's upper byte; "button", ... of why it stayed. */
ARAREXT_API const char *ararext_reset_cause_text(uint8_t cause);
ARAREXT_API const char *ararext_stay_reason_text(uint8_t reason);

/* One request in either dialect with any command and payload, sent once, its answer as it comes.
 * For tests and the tool's raw access; does not fetch the reason of a 7F. */
struct ararext_raw {
    enum ararext_dialect dialect;
    uint8_t command;
    const uint8_t *payload;
    size_t payload_len;  /* at most 254, course 250 */
    unsigned timeout_ms; /* for the answer's first byte and each pause in it; 0 = what the command
                            needs */
    uint8_t
        data[ARAREXT_DATA_MAX]; /* out: data of the answer, in the course dialect the status too */
    size_t data_len;            /* out */
    uint64_t reserved[2];
};
/* ARGUMENT for a payload that does not fit. */
ARAREXT_CHECKED ARAREXT_API int ararext_raw(struct ararext_session *s, struct ararext_raw *raw);

/* ---- images ---- */

struct ararext_segment {
    uint32_t addr, len;
    const uint8_t *data;
};
struct ararext_image; /* segments, ascending, no overlaps, neighbours joined, none empty */

enum ararext_format {
    ARAREXT_FORMAT_AUTO, /* by content; what shows nothing there and is called .bin is a BIN */
    ARAREXT_FORMAT_ELF,
    ARAREXT_FORMAT_HEX,
    ARAREXT_FORMAT_SREC,
    ARAREXT_FORMAT_BIN,
    ARAREXT_FORMAT_UF2,
    ARAREXT_FORMAT_DFUSE,
};

struct ararext_load {
    enum ararext_format format;
    uint32_t bin_addr; /* where a BIN goes; 0 = ARAREXT_APP_BASE */
    /* Leave out what lies in the bootloader's sectors. A BIN without an address begins there then,
     * if it has a vector table where an application begins. */
    bool skip_bootloader;
    uint64_t reserved[2];
};
/* Loads a file of at most 16 MiB. options NULL: automatic. *out belongs to the caller. why gets the
 * sentence, with the line number where there are lines. FILE, FORMAT (checksum, overlap, truncated,
 * not for a 32-bit little-endian ARM, nothing in it, ...), MEMORY. */
ARAREXT_CHECKED ARAREXT_API int ararext_image_load(struct ararext_image **out, const char *path,
                                                   const struct ararext_load *options,
                                                   struct ararext_message *why);
/* The same from memory. name is used in sentences and, for AUTO, its ending. */
ARAREXT_CHECKED ARAREXT_API int ararext_image_parse(struct ararext_image **out,
                                                    const struct ararext_segment *file,
                                                    const char *name,
                                                    const struct ararext_load *options,
                                                    struct ararext_message *why);
ARAREXT_API void ararext_image_free(struct ararext_image *image); /* NULL is allowed */
ARAREXT_API size_t ararext_image_segment_count(const struct ararext_image *image);
/* i from 0; valid as long as the image. */
ARAREXT_API struct ararext_segment ararext_image_segment(const struct ararext_image *image,
                                                         size_t i);
ARAREXT_API enum ararext_format ararext_image_format(const struct ararext_image *image);
ARAREXT_API uint32_t ararext_image_size(const struct ararext_image *image); /* bytes in segments */
/* Copies what the image has of [addr, addr + len), FF where it has nothing. */
ARAREXT_API void ararext_image_get(const struct ararext_image *image, uint32_t addr, uint8_t *data,
                                   size_t len);

/* Whether the image can go to that part: inside the application area, no byte in the bootloader,
 * and (unless any_content) a vector table at its start: a stack pointer of this chip, a reset
 * handler in the image, and each other handler of the core 0, or odd and in the image or SRAM.
 * IMAGE, with the sentence about the value that is wrong in why; MEMORY. */
ARAREXT_CHECKED ARAREXT_API int ararext_image_check(const struct ararext_image *image,
                                                    const struct ararext_info *info,
                                                    bool any_content, struct ararext_message *why);

/* ---- the flash operation ---- */

enum ararext_action {
    ARAREXT_KEEP,    /* holds what it should already */
    ARAREXT_PROGRAM, /* blank where the image goes: no erase needed */
    ARAREXT_ERASE,   /* erase, then program */
};
enum ararext_phase {
    ARAREXT_PHASE_COMPARE, /* finding out what has to be done */
    ARAREXT_PHASE_ERASE,
    ARAREXT_PHASE_WRITE,
    ARAREXT_PHASE_VERIFY,
    ARAREXT_PHASE_DONE,
};
enum ararext_verify {
    ARAREXT_VERIFY_AUTO, /* MEM_CRC where the board has it, else read back */
    ARAREXT_VERIFY_READ, /* read every byte back */
    ARAREXT_VERIFY_NONE,
};

/* NULL in place of these options means the defaults: all zero. */
struct ararext_flash_options {
    enum ararext_verify verify;
    bool erase_always; /* erase and write every sector of the image, whatever it holds */
    bool no_stream;    /* MEM_WRITE by MEM_WRITE, also where the board can stream */
    bool no_compress;  /* streams are sent as they are */
    /* Called often; done and total are bytes of the phase. May be NULL. */
    void (*progress)(void *ctx, enum ararext_phase phase, uint32_t done, uint32_t total);
    void *ctx;
    uint64_t reserved[4];
};

struct ararext_plan {
    bool stream;  /* it is to be carried out by streams */
    size_t count; /* sectors that the image touches, ascending */
    struct {
        uint8_t sector;
        enum ararext_action action;
        uint32_t image_bytes; /* of the image in this sector */
    } sectors[ARAREXT_SECTORS_MAX];
    uint32_t erase_bytes; /* sum of the sectors to erase */
    uint32_t write_bytes; /* data bytes to be written; without streams erased runs are not */
    uint64_t reserved[4];
};
/* Compares image and flash and decides. Changes nothing. The image has passed ararext_image_check
 * (else ARGUMENT). Without MEM_CRC every sector of the image is ERASE. PROTECTED when a sector that
 * would have to change is write-protected by info.nwrp: ararext_last_failure has its number in
 * detail, and *out is complete. */
ARAREXT_CHECKED ARAREXT_API int ararext_flash_plan(struct ararext_session *s,
                                                   const struct ararext_info *info,
                                                   const struct ararext_image *image,
                                                   const struct ararext_flash_options *options,
                                                   struct ararext_plan *out);

struct ararext_flash_result {
    enum ararext_phase phase; /* how far it came; DONE after success */
    uint32_t sectors_erased;
    uint32_t bytes_written, bytes_verified;
    bool bootable;     /* the first word of the image is in place */
    bool unknown;      /* whether it is, or was erased, is not known: that answer got lost */
    bool touched;      /* flash was changed, or may have been: an answer got lost */
    uint32_t bad_addr; /* VERIFY: first byte that differs */
    uint8_t bad_want, bad_got;
    bool packed;                            /* a stream was compressed */
    uint32_t stream_bytes;                  /* bytes of streams, after compressing */
    uint32_t resent_bytes;                  /* of streams, since the line had lost them */
    uint64_t erase_ms, write_ms, verify_ms; /* streams: the erasing is in write_ms */
    uint64_t reserved[8];
};
/*
 * Carries a plan out. The sector with the image's first word is erased first, and that word is
 * written last, after everything else has been verified: a transfer that breaks off anywhere leaves
 * nothing that looks bootable. VERIFY when flash holds something else afterwards. *result is filled
 * in on failure too. Stopped by options.stop of the session between two frames: INTERRUPTED.
 */
ARAREXT_CHECKED ARAREXT_API int ararext_flash_run(struct ararext_session *s,
                                                  const struct ararext_image *image,
                                                  const struct ararext_plan *plan,
                                                  const struct ararext_flash_options *options,
                                                  struct ararext_flash_result *result);
/* Compares flash with the image: by MEM_CRC (then by reading, to find the place of a difference) or
 * by reading. VERIFY when it differs: result->bad_addr. */
ARAREXT_CHECKED ARAREXT_API int ararext_flash_verify(struct ararext_session *s,
                                                     const struct ararext_image *image,
                                                     const struct ararext_flash_options *options,
                                                     struct ararext_flash_result *result);

/* Any range in frames of the largest size; progress from options (may be NULL). */
ARAREXT_CHECKED ARAREXT_API int ararext_read_range(struct ararext_session *s,
                                                   const struct ararext_flash_options *options,
                                                   uint32_t addr, uint8_t *data, size_t len);
ARAREXT_CHECKED ARAREXT_API int ararext_write_range(struct ararext_session *s,
                                                    const struct ararext_flash_options *options,
                                                    uint32_t addr, const uint8_t *data, size_t len);

#ifdef __cplusplus
}
#endif
#endif
