import { rowsMarked, selectRows } from "../../columns/select_rows.ts";
import type { Stage } from "../stage.ts";
import type { RowMatcher } from "./row_matcher.ts";

/** Drops the rows that match, or those that do not. */
export function filterStage(name: string, matcher: RowMatcher, dropMatching: boolean): Stage {
  return {
    apply: (batch, ledger) => {
      const left = rowsMarked(matcher.match(batch), dropMatching ? 0 : 1);
      ledger.drop(name, batch.signal, batch.rows - left.length);
      return selectRows(batch, left);
    },
  };
}
