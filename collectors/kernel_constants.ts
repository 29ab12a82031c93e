/** Units in which the kernel counts, which are fixed when it is built. */
export interface KernelConstants {
  /** Ticks of CPU time a second (`USER_HZ`). */
  readonly clockTicksPerSecond: number;
  readonly pageSizeBytes: number;
}

/** What Linux uses on x86-64 and most ARM machines. */
export const USUAL_KERNEL_CONSTANTS: KernelConstants = {
  clockTicksPerSecond: 100,
  pageSizeBytes: 4096,
};

// Entries of the auxiliary vector, see getauxval(3).
const AT_PAGESZ = 6n;
const AT_CLKTCK = 17n;
const ENTRY_BYTES = 16;

/**
 * Reads `/proc/self/auxv` of a 64-bit little-endian process. What is not in it, or makes no
 * sense, is as usual.
 */
export function parseAuxiliaryVector(bytes: Uint8Array): KernelConstants {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let { clockTicksPerSecond, pageSizeBytes } = USUAL_KERNEL_CONSTANTS;
  for (let at = 0; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) {
    const key = view.getBigUint64(at, true);
    const value = Number(view.getBigUint64(at + 8, true));
    if (key === AT_PAGESZ && value >= 1024 && value <= 1 << 24) pageSizeBytes = value;
    if (key === AT_CLKTCK && value >= 1 && value <= 100_000) clockTicksPerSecond = value;
  }
  return { clockTicksPerSecond, pageSizeBytes };
}
