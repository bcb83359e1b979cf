/* SPDX-License-Identifier: MIT */
/* Phrases of the command line, and what a page says in their place. */
#include "web_text.h"

#include <stdio.h>
#include <string.h>

#include "web_page.h"

#define ASK_MAKER "ask its maker for one that is signed with a key that the board knows"

/* A phrase stands before one that is a part of it. */
static const struct {
    const char *phrase, *page;
} FORMS[] = {
    {"or use a lower --baud", "or choose a lower rate"},
    {"GND) and --baud", "GND), and that no other program reads the port"},
    {"at reset), and --baud", "at reset), and that no other program reads the port"},
    {"see 'ararext commands' for what it knows", "a newer bootloader may know it"},
    {"see 'ararext info' for what the part has", "the board's description says what the part has"},
    {"see 'ararext info' for the sectors that the part has",
     "the board's description says what the part has"},
    {"run 'ararext unprotect' first",
     "take the protection off first, with 'unprotect' of the command-line tool"},
    {"run 'ararext erase' for that sector first", "flash the file again, which erases it"},
    {"run 'ararext flash' with an application first", "flash an application first"},
    {"use 'ararext protect --read-protection'", "that is left to the command-line tool"},
    {"run 'ararext unprotect --keep-read-protection' to remove write protection alone",
     "'unprotect' of the command-line tool can remove write protection alone"},
    {"and look at 'ararext info'", "and connect again"},
    {"make a package with 'ararext pack' and a key that the board knows, and run 'ararext update'",
     "update it with a package that is signed with a key that the board knows"},
    {"see 'ararext image' for what is wrong with the file", "get the file again"},
    {"see 'ararext slots' for what the board takes", "its maker has to make it smaller"},
    {"look at the file with 'ararext image', and send it again", "get the file again, and send it"},
    {"make it with 'ararext pack --key' and a key that the board knows", ASK_MAKER},
    {"'ararext slots' shows the board's keys, 'ararext image' the package's", ASK_MAKER},
    {"look at the file with 'ararext image'", "get the file again"},
    {"compare 'ararext slots' and 'ararext image'; 'ararext pack --board' sets whom it is for",
     "ask its maker for the one of this board"},
    {"pack a newer one with --security-counter", "get a newer one"},
    {"make it with 'ararext pack', or without compression",
     "its maker has to pack it with a smaller one"},
    {"run 'ararext update' again", "update it again"},
    {"see 'ararext slots'; what came with 'ararext update' can be confirmed once it was started",
     "what came as a package can be confirmed once it was started"},
    {"see 'ararext slots'; nothing was changed", "nothing was changed"},
    {"see 'ararext slots'", "the slots are told above"},
    {"run 'ararext reset' to have it installed, or 'ararext update' with a good package",
     "reset the board to have it installed, or update it with a good package"},
    {"see 'ararext otp' for what it holds", "'otp' of the command-line tool shows what it holds"},
    {"it has to be confirmed first: 'ararext confirm'", "confirm it first"},
    {", or run 'ararext raw --course RESET 01'", ""},
    {"check the cable and 'ararext ports'", "check the cable, and choose the port again"},
    {"stopped by a signal", "stopped"},
    {"a newer version of ararext may know it", "a newer version of this page may know it"},
    {"(imgtool: --public-key-format full)", "(imgtool's full format)"},
    {", which installs it ('ararext image' shows it)", ", which goes on the board by an update"},
    {": with --skip-bootloader that alone is taken", ": tick 'leave the bootloader out'"},
    {"until 'ararext provision' has been run again", "until it has been provisioned again"},
    {", which a file never sets: see 'ararext protect'", ", which a file never sets"},
    {"a package for 'ararext update'", "a package"},
    {"make one of it with 'ararext pack' first",
     "flash it as it is, or ask its maker for a package"},
    {"'ararext pack' makes one of an application", "ask its maker for one"},
    {"(imgtool's --pad is not taken)", "(what imgtool pads is not taken)"},
};
enum { FORM_COUNT = sizeof FORMS / sizeof FORMS[0] };

static void replace(struct ararext_message *m, const char *phrase, const char *page)
{
    char *at = strstr(m->text, phrase);
    if (at == NULL) {
        return;
    }
    struct ararext_message rest;
    snprintf(rest.text, sizeof rest.text, "%s", at + strlen(phrase));
    snprintf(at, sizeof m->text - (size_t)(at - m->text), "%s%s", page, rest.text);
}

/* Exported for the tests. */
PAGE_EXPORT(web_text_for_page) void web_text_for_page(struct ararext_message *m)
{
    for (unsigned i = 0; i < FORM_COUNT; i++) {
        replace(m, FORMS[i].phrase, FORMS[i].page);
    }
}
