/* SPDX-License-Identifier: MIT */
/* What a board is like: the same words that .board files and options have. */
#include "board_show.h"

#include <stdio.h>
#include <string.h>

#include "cli_document.h"

enum { TEXT_SIZE = 400 };

void board_document(cJSON *doc, const struct ararext_block *block)
{
    char text[TEXT_SIZE];
    for (size_t i = 0; ararext_block_key(i) != NULL; i++) {
        if (ararext_block_get(block, ararext_block_key(i), text, sizeof text)) {
            json_string(doc, ararext_block_key(i), text);
        }
    }
    json_number(doc, "pll_m", block->pll_m);
    json_number(doc, "pll_n", block->pll_n);
    json_number(doc, "core_hz", ararext_block_core_hz(block));
}

static void show_clock(const struct cli *cli, const struct ararext_block *block)
{
    uint32_t hz = ararext_block_core_hz(block);
    if (block->hse == ARAREXT_HSE_NONE) {
        cli_print(cli, "  clock          the chip's own oscillator\n");
    } else if (hz == 0) {
        cli_print(cli,
                  "  clock          M %u and N %u do not make 84 MHz: the chip's own oscillator\n",
                  block->pll_m, block->pll_n);
    } else {
        cli_print(cli, "  clock          %.5g MHz (M %u, N %u)\n", (double)hz / 1e6, block->pll_m,
                  block->pll_n);
    }
}

void board_show(const struct cli *cli, cJSON *doc, const struct ararext_block *block)
{
    char text[TEXT_SIZE];
    for (size_t i = 0; ararext_block_key(i) != NULL; i++) {
        if (ararext_block_get(block, ararext_block_key(i), text, sizeof text)) {
            cli_print(cli, "  %-14s %s\n", ararext_block_key(i), text);
        }
    }
    show_clock(cli, block);
    board_document(doc, block);
}

void board_list(const struct cli *cli)
{
    cJSON *list = cJSON_AddArrayToObject(cli->doc, "boards");
    const struct ararext_preset *p = NULL;
    for (size_t i = 0; (p = ararext_preset(i)) != NULL; i++) {
        char text[TEXT_SIZE] = "";
        struct ararext_block block;
        cJSON *item = cJSON_CreateObject();
        (void)ararext_board_text(p->text, strlen(p->text), "title", text, sizeof text);
        cli_print(cli, "%-17s %s\n", p->name, text);
        json_string(item, "preset", p->name);
        json_string(item, "title", text);
        if (ararext_board_text(p->text, strlen(p->text), "source", text, sizeof text)) {
            json_string(item, "source", text);
        }
        if (ararext_block_parse(&block, p->text, strlen(p->text), p->name, NULL) == ARAREXT_OK &&
            ararext_block_check(&block, NULL) == ARAREXT_OK) {
            board_document(item, &block);
        }
        cJSON_AddItemToArray(list, item);
    }
}
