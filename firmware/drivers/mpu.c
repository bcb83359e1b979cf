/* SPDX-License-Identifier: MIT */
/* The MPU's eight regions; where two overlap the later one holds. The last is that of the serving
 * half, which is data while it is unpacked. */
#include "mpu.h"

#include "cortex_m4.h"
#include "link.h"
#include "memory_map.h"

#define NORMAL      (MPU_RASR_C)              /* write-through */
#define SHARED      (MPU_RASR_C | MPU_RASR_S) /* the DMA writes there too */
#define DEVICE      (MPU_RASR_B | MPU_RASR_S)
#define READ_WRITE  (MPU_RASR_RW | MPU_RASR_XN)
#define READ_ONLY   (MPU_RASR_RO | MPU_RASR_XN)
#define EXECUTE     (MPU_RASR_RO)
#define PERIPHERALS 0x40000000u

#define LOG2_128K 17u
#define LOG2_1M   20u
#define LOG2_256M 28u
#define LOG2_512M 29u

static const struct {
    uint32_t base;
    uint32_t rasr;
} mpu_regions[MPU_REGIONS] = {
    /* Writable, because programming is a write. */
    {MAP_FLASH_BASE, NORMAL | READ_WRITE | MPU_RASR_SIZE(LOG2_1M)},
    {MAP_BOOT_BASE, NORMAL | EXECUTE | MPU_RASR_SIZE(MAP_BOOT_LOG2)},
    {MAP_SRAM_BASE, SHARED | READ_WRITE | MPU_RASR_SIZE(LOG2_128K)},
    {LINK_RAMCODE_BASE, SHARED | EXECUTE | MPU_RASR_SIZE(LINK_RAMCODE_LOG2)},
    /* The stack guard: a push faults, while MEM_READ may read all of the SRAM. */
    {LINK_GUARD_BASE, SHARED | READ_ONLY | MPU_RASR_SIZE(LINK_GUARD_LOG2)},
    {PERIPHERALS, DEVICE | READ_WRITE | MPU_RASR_SIZE(LOG2_512M)},
    /* The CCM, and system memory with OTP, in the first and the last eighth. Writable for OTP; to
     * all else there the flash controller refuses a write (WRPERR). */
    {MAP_CCM_BASE, NORMAL | READ_WRITE | MPU_RASR_SIZE(LOG2_256M) | MPU_RASR_WITHOUT(0x7Eu)},
    {LINK_SERVING_BASE,
     SHARED | EXECUTE | MPU_RASR_SIZE(LINK_SERVING_LOG2) | MPU_RASR_WITHOUT(0x80u)},
};

void mpu_start(bool serving)
{
    for (unsigned i = 0; i < (serving ? MPU_REGIONS : MPU_REGIONS - 1u); i++) {
        MPU->RBAR = mpu_regions[i].base | MPU_RBAR_VALID | i;
        MPU->RASR = mpu_regions[i].rasr | MPU_RASR_ENABLE;
    }
    /* PRIVDEFENA 0: no region, no access. HFNMIENA 0: the fault handler runs without the MPU. */
    MPU->CTRL = MPU_CTRL_ENABLE;
    core_dsb();
    core_isb();
}
