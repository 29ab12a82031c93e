/** Kept of what a child process wrote; a test that needs more is wrong. */
const MAX_CHARACTERS = 4 * 1024 * 1024;

/** Reads a child's stream to its end, so that the child never waits for a reader. */
export class ChildOutput {
  /** Resolves at the end of the stream. */
  readonly done: Promise<void>;
  #text = "";

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.done = this.#read(stream);
  }

  /** What was written so far. */
  get text(): string {
    return this.#text;
  }

  /** Whole lines written so far, without their ends. */
  get lines(): string[] {
    return this.#text.split("\n").slice(0, -1);
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      if (this.#text.length < MAX_CHARACTERS) this.#text += text;
    }
  }
}
