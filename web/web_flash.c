/* SPDX-License-Identifier: MIT */
/*
 * Flashing an application, and comparing it. All that can be checked is checked before the board is
 * changed; after a failure the verdict says what state flash is in.
 */
#include "web_operations.h"

#include <stdio.h>

#include "web_file.h"
#include "web_json.h"
#include "web_page.h"
#include "web_session.h"

/* One flash. */
struct flash {
    struct web w;
    unsigned flags;
    struct ararext_image *image;
    struct ararext_flash_options options;
    struct ararext_plan plan;
    struct ararext_flash_result result;
    struct ararext_message done;
};

static void show_progress(void *ctx, enum ararext_phase phase, uint32_t done, uint32_t total)
{
    static const char *const phases[] = {
        [ARAREXT_PHASE_COMPARE] = "compare", [ARAREXT_PHASE_ERASE] = "erase",
        [ARAREXT_PHASE_WRITE] = "write",     [ARAREXT_PHASE_VERIFY] = "verify",
        [ARAREXT_PHASE_DONE] = "done",
    };
    (void)ctx;
    json_begin("progress");
    json_string("phase", phases[phase]);
    json_number("done", done);
    json_number("total", total);
    json_send();
}

/* Direct flashing and packages do not go together. */
static int look_at_packages(struct web *w)
{
    struct ararext_slots slots;
    bool sealed = false;
    if ((w->info.features & ARAREXT_FEATURE_PACKAGES) == 0) {
        return ARAREXT_OK;
    }
    int rc = ararext_get_slots(w->session, &slots);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    web_tell_slots(&slots);
    if (slots.trust != ARAREXT_TRUST_OPEN) {
        ararext_reason_text(ARAREXT_REASON_PROVISIONED, 0, &w->why);
        web_say(&w->advice, "%s", ararext_reason_advice(ARAREXT_REASON_PROVISIONED));
        web_say(&w->state, "nothing was sent");
        return ARAREXT_ERR_REFUSED;
    }
    for (unsigned i = 0; i < ARAREXT_SLOT_COUNT; i++) {
        sealed = sealed || slots.slots[i].state >= ARAREXT_SLOT_STAGED;
    }
    if (sealed) {
        json_begin("note");
        json_string("text",
                    "Flashing retires the packages on the board: it cannot go back to them.");
        json_send();
    }
    return ARAREXT_OK;
}

static void tell_plan(const struct ararext_plan *plan)
{
    unsigned count[3] = {0};
    for (size_t i = 0; i < plan->count; i++) {
        count[plan->sectors[i].action]++;
    }
    json_begin("plan");
    json_number("keep", count[ARAREXT_KEEP]);
    json_number("program", count[ARAREXT_PROGRAM]);
    json_number("erase", count[ARAREXT_ERASE]);
    json_number("erase_bytes", plan->erase_bytes);
    json_number("write_bytes", plan->write_bytes);
    json_send();
}

static void say_difference(struct web *w, const struct ararext_flash_result *r)
{
    if (r->bad_want == r->bad_got) {
        web_say(&w->why,
                "the CRC over flash from 0x%08X differs, yet every byte reads as it should",
                (unsigned)r->bad_addr);
    } else {
        web_say(&w->why, "flash differs at 0x%08X: it holds %02X, should hold %02X",
                (unsigned)r->bad_addr, r->bad_got, r->bad_want);
    }
}

/* After a failure: what is in flash now. */
static void say_state(struct flash *f, int code)
{
    const struct ararext_flash_result *r = &f->result;
    if (code == ARAREXT_ERR_VERIFY) {
        say_difference(&f->w, r);
        web_say(&f->w.advice,
                "try again; if it fails at the same address, that part of flash is worn out");
    }
    if (!r->touched) {
        web_say(&f->w.state, "flash was not changed");
        return;
    }
    web_say(&f->w.state, "%u sectors erased and %u of %u bytes written so far; %s",
            (unsigned)r->sectors_erased, (unsigned)r->bytes_written, (unsigned)f->plan.write_bytes,
            r->unknown ? "whether an application will start is not known; the bootloader goes on "
                         "answering with PA0 high at reset"
            : r->bootable ? "the application may start, but not all of it is verified"
                          : "the application will not start, the bootloader goes on answering");
    if (code == ARAREXT_ERR_INTERRUPTED) {
        web_say(&f->w.advice, "flash it again");
    }
}

static void say_success(struct flash *f)
{
    const struct ararext_flash_result *r = &f->result;
    const char *started = (f->flags & WEB_START) != 0 ? " The application is started." : "";
    if (!r->touched) {
        web_say(&f->done, "Nothing to write: the board holds this image already.%s", started);
        return;
    }
    unsigned tenths = (unsigned)((r->erase_ms + r->write_ms + r->verify_ms) / 100);
    web_say(&f->done, "Flashed and verified: %u sector%s erased, %u bytes written in %u.%u s.%s",
            (unsigned)r->sectors_erased, r->sectors_erased == 1 ? "" : "s",
            (unsigned)r->bytes_written, tenths / 10, tenths % 10, started);
}

static void tell_result(const struct ararext_flash_result *r)
{
    json_begin("result");
    json_number("written", r->bytes_written);
    json_number("stream_bytes", r->stream_bytes);
    json_number("resent", r->resent_bytes);
    json_bool("packed", r->packed);
    json_number("ms", (double)(r->erase_ms + r->write_ms + r->verify_ms));
    json_send();
}

static int write_image(struct flash *f)
{
    struct web *w = &f->w;
    int rc = ararext_flash_plan(w->session, &w->info, f->image, &f->options, &f->plan);
    if (rc == ARAREXT_OK) {
        tell_plan(&f->plan);
    }
    if (rc != ARAREXT_OK || (f->flags & WEB_PLAN) != 0) {
        return rc;
    }
    rc = ararext_flash_run(w->session, f->image, &f->plan, &f->options, &f->result);
    if (rc != ARAREXT_OK) {
        say_state(f, rc);
        return rc;
    }
    tell_result(&f->result);
    say_success(f);
    w->stay = (f->flags & WEB_START) != 0;
    return w->stay ? ararext_go(w->session, w->info.app_base) : rc;
}

static int compare_image(struct flash *f)
{
    int rc = ararext_flash_verify(f->w.session, f->image, &f->options, &f->result);
    if (rc == ARAREXT_ERR_VERIFY) {
        say_difference(&f->w, &f->result);
        web_say(&f->w.advice, "the board holds something else: flash it");
    }
    web_say(&f->done, "Verified: the board holds this image.");
    return rc;
}

static int flash(struct flash *f, const struct web_file *file)
{
    struct web *w = &f->w;
    int rc = web_load_image(w, file, &f->image);
    if (rc == ARAREXT_OK) {
        rc = web_connect(w);
    }
    if (rc == ARAREXT_OK) {
        rc = ararext_image_check(f->image, &w->info, false, &w->why);
    }
    if (rc == ARAREXT_OK && (f->flags & WEB_VERIFY) == 0) {
        rc = look_at_packages(w);
    }
    if (rc == ARAREXT_OK && (f->flags & (WEB_PLAN | WEB_VERIFY)) == 0) {
        rc = web_raise_baud(w);
    }
    if (rc != ARAREXT_OK) {
        return rc;
    }
    return (f->flags & WEB_VERIFY) != 0 ? compare_image(f) : write_image(f);
}

PAGE_EXPORT(web_flash)
int web_flash(const uint8_t *data, size_t len, const char *name, unsigned flags, unsigned baud)
{
    static struct flash f;
    const struct web_file file = {data, len, name, flags};
    f = (struct flash){
        .flags = flags,
        .options = {.no_compress = (flags & WEB_NO_COMPRESS) != 0, .progress = show_progress},
    };
    web_start(&f.w, baud);
    int rc = flash(&f, &file);
    ararext_image_free(f.image);
    return web_end(&f.w, rc, f.done.text);
}
