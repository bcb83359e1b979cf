/* SPDX-License-Identifier: MIT */
/*
 * libararext, second part: packages (FORMAT.md). Keys, making a package from an application,
 * reading and judging one, what a board tells about its slots, and the operation that gets a
 * package onto a board and stays until it is known whether it was confirmed.
 *
 * The rules of ararext.h hold. What is handed back through an uint8_t ** is freed with free().
 * Every why gets a sentence when the function fails; NULL is allowed there.
 */
#ifndef ARAREXT_PUBLIC_PACKAGE_H
#define ARAREXT_PUBLIC_PACKAGE_H

#include "ararext.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ARAREXT_DIGEST_SIZE        32u
#define ARAREXT_KEY_SIZE           91u /* SubjectPublicKeyInfo of a P-256 key, DER */
#define ARAREXT_SIGNATURE_MAX      72u /* ECDSA over P-256, DER */
#define ARAREXT_IDENTITY_SIZE      32u /* vendor UUID, class UUID */
#define ARAREXT_KEYS_MAX           4u
#define ARAREXT_COUNTER_MAX        2560u
#define ARAREXT_SLOT_COUNT         2u
#define ARAREXT_SLOT_NONE          0xFFu
#define ARAREXT_TLVS_MAX           384u
#define ARAREXT_PACKAGE_MAX        (254u * 1024u) /* of a 1 MiB part; a 512 KiB part takes 126 KiB */
#define ARAREXT_CONTENT_MAX        (480u * 1024u) /* of a 1 MiB part; a 512 KiB part takes 224 KiB */
#define ARAREXT_REASON_PROVISIONED 0x40u /* why a provisioned board refuses (GET_LAST_ERROR) */
#define ARAREXT_PACKAGE_SMALL      (126u * 1024u)
#define ARAREXT_CONTENT_SMALL      (224u * 1024u)

/* ---- keys: ECDSA over P-256 ---- */

struct ararext_key;

/* Asked for the passphrase of a key that has one: puts at most size bytes into text and returns how
 * many, or a negative number to give up. */
typedef int ararext_passphrase_fn(void *ctx, char *text, size_t size);
struct ararext_passphrase {
    ararext_passphrase_fn *ask; /* NULL = a key with a passphrase cannot be read */
    void *ctx;
};

/* Makes a key from OpenSSL's random numbers. *out belongs to the caller. MEMORY. */
ARAREXT_CHECKED ARAREXT_API int ararext_key_generate(struct ararext_key **out);
/* Reads PEM as OpenSSL writes it: "PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "EC PRIVATE KEY" or
 * "PUBLIC KEY". name is used in sentences. FORMAT (no key, another curve, wrong passphrase),
 * DECLINED (the passphrase was not given), MEMORY. */
ARAREXT_CHECKED ARAREXT_API int
ararext_key_parse(struct ararext_key **out, const struct ararext_segment *pem, const char *name,
                  const struct ararext_passphrase *passphrase, struct ararext_message *why);
/* From a SubjectPublicKeyInfo. FORMAT if it is not that of a point on P-256. */
ARAREXT_CHECKED ARAREXT_API int ararext_key_from_spki(struct ararext_key **out,
                                                      const uint8_t spki[ARAREXT_KEY_SIZE]);
ARAREXT_API void ararext_key_free(struct ararext_key *key); /* NULL is allowed */
ARAREXT_API bool ararext_key_is_private(const struct ararext_key *key);
ARAREXT_API void ararext_key_spki(const struct ararext_key *key, uint8_t spki[ARAREXT_KEY_SIZE]);
/* SHA-256 of the SubjectPublicKeyInfo: what a board knows a key by. */
ARAREXT_API void ararext_key_fingerprint(const struct ararext_key *key,
                                         uint8_t hash[ARAREXT_DIGEST_SIZE]);
/* PEM of the private key (PKCS #8; where there is a passphrase with AES-256 and 600,000 rounds of
 * PBKDF2, NULL = none) and of the public key. MEMORY, ARGUMENT for a key that has no private part.
 */
ARAREXT_CHECKED ARAREXT_API int ararext_key_private_pem(const struct ararext_key *key,
                                                        const char *passphrase, uint8_t **out,
                                                        size_t *len);
ARAREXT_CHECKED ARAREXT_API int ararext_key_public_pem(const struct ararext_key *key, uint8_t **out,
                                                       size_t *len);

/* ---- versions and identities ---- */

struct ararext_version {
    uint8_t major, minor;
    uint16_t revision;
    uint32_t build;
};
/* "1.2.3" or "1.2.3+4". ARGUMENT. */
ARAREXT_CHECKED ARAREXT_API int ararext_version_parse(struct ararext_version *out,
                                                      const char *text);
ARAREXT_API void ararext_version_text(const struct ararext_version *version, char *text,
                                      size_t size);
/* Less than, equal to or greater than 0, as a is older than b, the same, or newer. */
ARAREXT_API int ararext_version_compare(const struct ararext_version *a,
                                        const struct ararext_version *b);
/* "VENDOR/CLASS", or "CLASS" of vendor "ararext": their UUIDs (RFC 9562, version 5). ARGUMENT for
 * an empty name. */
ARAREXT_CHECKED ARAREXT_API int ararext_identity(const char *name,
                                                 uint8_t identity[ARAREXT_IDENTITY_SIZE]);
/* "06a5e86a-60d8-55f8-9caf-1b56a75b84d1" */
ARAREXT_API void ararext_uuid_text(const uint8_t uuid[16], char text[37]);

/* ---- making a package ---- */

struct ararext_pack_options {
    struct ararext_version version;
    uint32_t counter;        /* security counter, at most 2560; 0 is left out */
    const uint8_t *identity; /* ARAREXT_IDENTITY_SIZE bytes; NULL = fits every board */
    bool plain;              /* do not compress */
    bool has_policy;         /* else the next three are left out, and the board's defaults hold */
    uint8_t trials;          /* boots on trial, 1 to 15; 0 = needs no confirmation */
    uint8_t crashes;         /* crash limit, 2 to 255; 0 = none */
    uint8_t watchdog_s;      /* on trial, 1 to 30 */
    uint8_t revoke;          /* bit i: revoke key i */
    uint64_t reserved[4];
};
/* The bytes of an application from 0x08008000 on, gaps filled with FF. IMAGE when
 * ararext_image_check refuses it for the largest application area there is; MEMORY. */
ARAREXT_CHECKED ARAREXT_API int ararext_pack_content(const struct ararext_image *image,
                                                     uint8_t **content, size_t *len,
                                                     struct ararext_message *why);
/* An unsigned package of that content: the smallest of plain and a number of ways to compress, the
 * same bytes for the same input. ARGUMENT (an option out of its range), IMAGE (does not fit any
 * board), MEMORY. */
ARAREXT_CHECKED ARAREXT_API int ararext_pack(const struct ararext_segment *content,
                                             const struct ararext_pack_options *options,
                                             uint8_t **out, size_t *len,
                                             struct ararext_message *why);
/* The same package with key and signatures, in place of those that it may have. signature NULL: key
 * is private and signs, the start signature too (FORMAT.md, "The start signature"), where the
 * package has a digest of its content. Else the signatures were made outside: signature of the
 * digest, start of ararext_package_start_digest; start may be NULL. Each is DER, or r and s of 32
 * bytes each. SIGNATURE when one is not key's, FORMAT when the package is damaged, MEMORY,
 * ARGUMENT for a key without private part, or a start signature without a digest of the content. */
ARAREXT_CHECKED ARAREXT_API int
ararext_pack_sign(const struct ararext_segment *package, const struct ararext_key *key,
                  const struct ararext_segment *signature, const struct ararext_segment *start,
                  struct ararext_segment *out, struct ararext_message *why);

/* ---- reading a package ---- */

enum ararext_packing { ARAREXT_PLAIN, ARAREXT_LZMA2, ARAREXT_LZMA2_THUMB };

struct ararext_tlv {
    uint16_t type, len;
    uint32_t offset; /* of the value, in the package */
    bool is_protected;
};

/* What header and TLVs say. Offsets are from the package's first byte, 0 = there is none. */
struct ararext_package {
    const uint8_t *data; /* the caller's, not copied */
    uint32_t size;
    uint32_t payload_size; /* from offset 32 on */
    uint32_t signed_size;  /* what the digest is over */
    uint32_t content_size;
    uint32_t dictionary; /* bytes; 0 = not compressed */
    enum ararext_packing packing;
    struct ararext_version version;
    uint32_t counter;
    uint32_t digest_at, key_at, key_hash_at, signature_at, vendor_at, class_at, content_digest_at;
    uint32_t start_at; /* start signature */
    uint16_t signature_len, start_len;
    bool has_policy; /* else the next three are the defaults */
    uint8_t trials, crashes, watchdog_s;
    uint8_t revoke;
    uint32_t tlv_count;
    struct ararext_tlv tlvs[ARAREXT_TLVS_MAX];
    uint64_t reserved[8];
};
/* Structure alone, by the rules of FORMAT.md. FORMAT, with the offset in the sentence. */
ARAREXT_CHECKED ARAREXT_API int ararext_package_parse(struct ararext_package *out,
                                                      const uint8_t *data, size_t len,
                                                      struct ararext_message *why);
/* What the start signature is over: SHA-256 of header and protected area. */
ARAREXT_API void ararext_package_start_digest(const struct ararext_package *package,
                                              uint8_t digest[ARAREXT_DIGEST_SIZE]);
/* "SHA256", "KEY", ...; NULL if FORMAT.md does not know the type. */
ARAREXT_API const char *ararext_tlv_name(uint16_t type);

enum ararext_finding {
    ARAREXT_ABSENT,    /* there is none */
    ARAREXT_UNCHECKED, /* it is there and could not be checked */
    ARAREXT_GOOD,
    ARAREXT_BAD,
};
struct ararext_package_findings {
    enum ararext_finding digest;
    enum ararext_finding signature; /* by the key given, else by the one in the package */
    enum ararext_finding start;     /* the start signature, by the same key */
    enum ararext_finding content;   /* unpacks, has the size and the digest that the package says */
    enum ararext_finding vectors;   /* starts with a plausible vector table */
    bool has_fingerprint;           /* the package names its key: */
    uint8_t fingerprint[ARAREXT_DIGEST_SIZE];
    bool other_key; /* that is not the key given */
    uint64_t reserved[4];
};
/* Everything that can be told without a board. key NULL = by the package's own. FORMAT (damaged, or
 * content that does not unpack), SIGNATURE (wrong, not key's, or none and there is a key to check
 * it with), IMAGE (vectors; a size that no board takes), in this order; the findings are complete
 * in every case but MEMORY. */
ARAREXT_CHECKED ARAREXT_API int ararext_package_check(const struct ararext_package *package,
                                                      const struct ararext_key *key,
                                                      struct ararext_package_findings *findings,
                                                      struct ararext_message *why);
/* The content. FORMAT when it does not unpack to what the package says, MEMORY. */
ARAREXT_CHECKED ARAREXT_API int ararext_package_unpack(const struct ararext_package *package,
                                                       uint8_t **content, size_t *len,
                                                       struct ararext_message *why);

/* ---- slots of a board (PROTOCOL.md, GET_SLOTS) ---- */

enum ararext_trust {
    ARAREXT_TRUST_OPEN = 0,
    ARAREXT_TRUST_PROVISIONED = 1,
    ARAREXT_TRUST_INCOMPLETE = 2,
};
enum ararext_slot_state {
    ARAREXT_SLOT_EMPTY = 0,
    ARAREXT_SLOT_PARTIAL = 1,
    ARAREXT_SLOT_STAGED = 2,
    ARAREXT_SLOT_CONFIRMED = 3,
    ARAREXT_SLOT_REJECTED = 4,
};
struct ararext_slot {
    uint8_t state; /* enum ararext_slot_state */
    bool installed, checked;
    uint8_t attempts, trials; /* boots on trial so far, and how many it may have */
    uint8_t cause;            /* why it was rejected: ararext_reject_cause_text */
    uint16_t counter;
    struct ararext_version version;
    uint32_t package_size, content_size, sequence, flags;
    uint8_t digest[8]; /* first bytes */
    uint64_t reserved[2];
};
struct ararext_slots {
    uint8_t trust; /* enum ararext_trust */
    uint8_t keys, revoked;
    uint16_t counter;
    uint8_t target, installed; /* ARAREXT_SLOT_NONE = none */
    uint8_t cause;             /* of the last start: ararext_boot_cause_text */
    uint8_t crashes;
    uint32_t package_max, content_max;
    uint8_t identity[ARAREXT_IDENTITY_SIZE];
    struct ararext_slot slots[ARAREXT_SLOT_COUNT];
    uint64_t reserved[4];
};
/* GARBLED when the answer contradicts itself, UNSUPPORTED for a layout that this version is too old
 * for. A running application may answer it, too. */
ARAREXT_CHECKED ARAREXT_API int ararext_get_slots(struct ararext_session *s,
                                                  struct ararext_slots *out);
/* "staged", "trial ended", "normal", "open": words of the answer. */
ARAREXT_API const char *ararext_slot_state_text(uint8_t state);
ARAREXT_API const char *ararext_reject_cause_text(uint8_t cause);
ARAREXT_API const char *ararext_boot_cause_text(uint8_t cause);
ARAREXT_API const char *ararext_trust_text(uint8_t trust);

/* One function for each command, as in ararext.h. */
ARAREXT_CHECKED ARAREXT_API int ararext_stage_begin(struct ararext_session *s, uint32_t size,
                                                    uint8_t *slot);
/* 1 to ARAREXT_WRITE_MAX bytes, a multiple of 4 but for the last piece. ARGUMENT. */
ARAREXT_CHECKED ARAREXT_API int ararext_stage_write(struct ararext_session *s, uint32_t offset,
                                                    const uint8_t *data, size_t len);
ARAREXT_CHECKED ARAREXT_API int ararext_stage_finish(struct ararext_session *s);
/* Sent once, as the next one: where the answer is lost GET_SLOTS tells what became of it. */
ARAREXT_CHECKED ARAREXT_API int ararext_confirm(struct ararext_session *s);
/* Never sent twice: a second one would go back further. */
ARAREXT_CHECKED ARAREXT_API int ararext_rollback(struct ararext_session *s);
/* RESET with 02: the board decides and installs as at any start, starts nothing, and stays. Waits
 * until it answers again: TIMEOUT after 45 s. Sent again when its answer was lost; what the board
 * has done GET_SLOTS tells. */
ARAREXT_CHECKED ARAREXT_API int ararext_install(struct ararext_session *s);
/* Whether a bootloader answers, and if a running application does (libararext-app), asks it to make
 * room for the bootloader and waits for that. *was_running says so. *info as by ararext_get_info.
 */
ARAREXT_CHECKED ARAREXT_API int
ararext_enter_bootloader(struct ararext_session *s, struct ararext_info *info, bool *was_running);

/* What became of RESET with 00. */
struct ararext_start {
    bool answered; /* the board answered that it resets; else that was lost, or never arrived */
    bool in_bootloader;  /* a bootloader answers afterwards: nothing was started ... */
    uint8_t stay_reason; /* ... since: ararext_stay_reason_text */
    uint64_t reserved[2];
};
/* Resets the board so that it starts what it has, and looks whether a bootloader answers
 * afterwards. Sent again when the answer was lost and a bootloader is still there; TIMEOUT or
 * GARBLED when that does not help. After OK with neither member set nobody answers any more: the
 * board has probably started. */
ARAREXT_CHECKED ARAREXT_API int ararext_start(struct ararext_session *s, struct ararext_start *out);

/* ---- provisioning ---- */

struct ararext_provisioning {
    uint32_t count; /* of keys, 1 to 4 */
    uint8_t hashes[ARAREXT_KEYS_MAX][ARAREXT_DIGEST_SIZE];
    bool has_identity;
    uint8_t identity[ARAREXT_IDENTITY_SIZE];
    bool read_protection; /* lets a host set read protection level 1 afterwards, for good */
    uint64_t reserved[4];
};
/* OTP blocks 0 to 4 as they will be. */
ARAREXT_API void ararext_provision_image(const struct ararext_provisioning *p,
                                         uint8_t blocks[5 * 32]);
/* Whether that can go into an OTP area as it reads: every bit that has to be 1 still is, no block
 * is locked with other content, and no key is revoked beforehand. PROVISION with the sentence. */
ARAREXT_CHECKED ARAREXT_API int ararext_provision_check(const struct ararext_provisioning *p,
                                                        const uint8_t otp[ARAREXT_OTP_SIZE],
                                                        struct ararext_message *why);
/* Whether an OTP area holds exactly that already, locked. */
ARAREXT_API bool ararext_provision_done(const struct ararext_provisioning *p,
                                        const uint8_t otp[ARAREXT_OTP_SIZE]);
ARAREXT_CHECKED ARAREXT_API int ararext_read_otp_all(struct ararext_session *s,
                                                     uint8_t otp[ARAREXT_OTP_SIZE]);
/* Writes and locks the blocks FOR GOOD, and reads them back: VERIFY if they are not as they should.
 * Where they are so already, it only makes the board write-protect its sectors 0 and 1, if they are
 * not. The caller has asked the user. ARGUMENT. */
ARAREXT_CHECKED ARAREXT_API int ararext_provision(struct ararext_session *s,
                                                  const struct ararext_provisioning *p);

/* ---- the update operation ---- */

/* What the checks before an update need to know of a board. */
struct ararext_board {
    struct ararext_info info;
    struct ararext_slots slots;
    uint8_t keys[ARAREXT_KEYS_MAX][ARAREXT_DIGEST_SIZE]; /* OTP blocks 0 to 3 */
    bool plain_application; /* an open board runs an application that is in no package */
    bool slots_in_use;      /* ... and a slot holds bytes that are no package */
    uint64_t reserved[4];
};
/* Asks for all of it; the bootloader answers. UNSUPPORTED for one without packages. */
ARAREXT_CHECKED ARAREXT_API int ararext_board_read(struct ararext_session *s,
                                                   struct ararext_board *out);
/* Whether the board will take the package, as far as the PC can tell. Package and findings are
 * those of ararext_package_check. MISFIT (size, identity, counter), SIGNATURE (unsigned, key
 * unknown, revoked or absent). */
ARAREXT_CHECKED ARAREXT_API int
ararext_package_fits(const struct ararext_package *package,
                     const struct ararext_package_findings *findings,
                     const struct ararext_board *board, struct ararext_message *why);

enum ararext_update_step {
    ARAREXT_STEP_ERASE,
    ARAREXT_STEP_STAGE, /* done and total are bytes */
    ARAREXT_STEP_FINISH,
    ARAREXT_STEP_INSTALL,
    ARAREXT_STEP_START,
    ARAREXT_STEP_WAIT,    /* for the confirmation; done and total are milliseconds */
    ARAREXT_STEP_CONFIRM, /* in the application's place */
    ARAREXT_STEP_DONE,
};
struct ararext_update_options {
    bool no_start;  /* install it, and leave the board in the bootloader */
    bool force;     /* send it also where the board holds just that, installed */
    bool no_stream; /* STAGE_WRITE by STAGE_WRITE, also where the board can stream */
    /* For the confirmation; 0 = what its boots on trial may take, and at once where nobody on the
     * line answers who could tell. */
    unsigned timeout_ms;
    /* Asked while it waits, once the application was started: true = confirm it, by the application
     * where that answers, else when the bootloader is back. May be NULL. */
    bool (*confirm)(void *ctx);
    void (*progress)(void *ctx, enum ararext_update_step step, uint32_t done, uint32_t total);
    void *ctx;
    uint64_t reserved[4];
};
struct ararext_update_result {
    enum ararext_update_step step; /* how far it came */
    uint8_t slot;                  /* ARAREXT_SLOT_NONE = not known yet */
    bool staged, installed, confirmed;
    bool started;               /* the board was reset, and left its bootloader */
    bool nothing_to_do;         /* the board held it already, installed; nothing was sent */
    bool unheard;               /* the answer to the reset for the start got lost */
    bool answered;              /* somebody answered on the line after the start */
    bool in_bootloader;         /* the board came back into the bootloader after the start */
    uint8_t stay_reason;        /* then: why */
    uint8_t reject_cause;       /* after REJECTED */
    struct ararext_slots slots; /* as last told */
    uint64_t reserved[8];
};
/*
 * Stages the package beside what runs, has it sealed and installed, checks that, starts it, and
 * waits for its confirmation. What runs now is not touched before the package is complete and
 * judged by the board. *result is filled in on failure too. After OK the package is confirmed,
 * needs no confirmation, or (no_start) is installed. REJECTED when the board went back or refuses
 * to run it, UNCONFIRMED when it was started and nobody told in time, VERIFY when it was not
 * installed and nobody says why.
 */
ARAREXT_CHECKED ARAREXT_API int ararext_update(struct ararext_session *s,
                                               const struct ararext_package *package,
                                               const struct ararext_board *board,
                                               const struct ararext_update_options *options,
                                               struct ararext_update_result *result);

#ifdef __cplusplus
}
#endif
#endif
