/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/// <reference lib="deno.unstable" />
// The store's worker, whose engine can be made to trap as a broken one does: say a word on the
// channel that its own name names.
import "../../storage/worker.ts";

/** A module whose only function, `f`, is the instruction `unreachable`. */
const TRAP = new WebAssembly.Instance(
  new WebAssembly.Module(
    // deno-fmt-ignore
    Uint8Array.of(
      0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, // "\0asm", version 1
      1, 4, 1, 0x60, 0, 0, // types: one function, nothing in, nothing out
      3, 2, 1, 0, // functions: one of that type
      7, 5, 1, 1, 0x66, 0, 0, // exports: it, as "f"
      10, 5, 1, 3, 0, 0, 0x0b, // code: no locals, unreachable, end
    ),
  ),
);

new BroadcastChannel(self.name).onmessage = () => {
  const { f } = TRAP.exports;
  if (typeof f === "function") f();
};
