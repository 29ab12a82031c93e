import { HorizonError } from "../mod/errors.ts";

/** True when the WebAssembly instance itself broke: nothing it holds can be used any more. */
export function isEngineCrash(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError;
}

/**
 * An engine's failure of a user's query in our words. The engine throws an Error whose message
 * is JSON (`exception_type`, `exception_message`) or, at times, plain text.
 */
export function queryFailure(error: unknown): HorizonError {
  if (error instanceof HorizonError) return error;
  const { type, message } = engineException(error);
  if (/out of memory/i.test(type) || /out of memory/i.test(message)) {
    return new HorizonError(
      "too_large",
      "the query needs more memory than queries may take; select fewer rows or columns",
      { engine: message },
    );
  }
  const { sentence, line } = withoutExcerpt(message);
  const details = {
    ...type === "" ? {} : { engine_error: type.toLowerCase() },
    ...line === null ? {} : { line },
  };
  return new HorizonError("invalid_query", sentence, details, null, { cause: error });
}

/**
 * The engine shows the line it stumbled over; that line is of the statement around the user's
 * (see admission.ts), which begins one line further down.
 */
function withoutExcerpt(message: string): { sentence: string; line: number | null } {
  const excerpt = /\s*\n\s*LINE (\d+): [\s\S]*$/.exec(message);
  if (excerpt === null) return { sentence: message, line: null };
  return { sentence: message.slice(0, excerpt.index), line: Number(excerpt[1]) - 1 };
}

function engineException(error: unknown): { type: string; message: string } {
  const text = error instanceof Error ? error.message : String(error);
  if (text.startsWith("{")) {
    try {
      const parsed: unknown = JSON.parse(text);
      if (typeof parsed === "object" && parsed !== null) {
        const type = "exception_type" in parsed ? String(parsed.exception_type) : "";
        const message = "exception_message" in parsed ? String(parsed.exception_message) : text;
        return { type, message };
      }
    } catch {
      // Not JSON after all: the text is the message.
    }
  }
  const kind = /^(\w+(?: \w+)?) Error: /.exec(text);
  return { type: kind?.[1] ?? "", message: text };
}
