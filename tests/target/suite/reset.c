/* SPDX-License-Identifier: MIT */
/*
 * A reset by software: SRAM that nobody initialises keeps its contents, the core starts anew. Also
 * AIRCR's key. PM0214 section 4.4.5.
 */
#include "suite.h"

__attribute__((section(".noinit"))) static volatile uint32_t kept[4];

int main(void)
{
    if (kept[0] == 0x600DF00D && kept[1] == ~kept[0]) {
        print_value("second start, kept", kept[2]);
        print_value("primask", 0);
        print_value("shcsr", SHCSR);
        print_value("iser", NVIC_ISER(0));
        print_value("control", read_control());
        kept[0] = 0;
        return 0;
    }
    print("first start\n");
    kept[0] = 0x600DF00D;
    kept[1] = ~0x600DF00DU;
    kept[2] = 12345;
    SHCSR |= 7U << 16;
    NVIC_ISER(0) = 0xFF;
    AIRCR = 0x00000004;
    BARRIER();
    print("no key, no reset\n");
    wait_sent();
    AIRCR = 0x05FA0004;
    BARRIER();
    for (;;) {
    }
}
