// @ts-check
/** Splits SQL for colouring. It never fails: what is not understood is plain text. */

/**
 * @typedef {"keyword" | "string" | "number" | "comment" | "plain"} TokenKind
 * @typedef {{ kind: TokenKind, text: string }} Token
 */

const KEYWORDS = new Set(
  ("all and any arg_max arg_min as asc asof between bigint by case cast count cross current_timestamp " +
    "desc describe distinct double else end except exclude exists false filter following from full group having " +
    "in inner intersect interval is join last lateral left like ilike limit natural not null nulls offset on or " +
    "order outer over partition pivot preceding qualify range recursive replace right rows sample select semi " +
    "show struct summarize table then timestamp true unbounded union unnest unpivot using values varchar when " +
    "where window with second minute hour day").split(" "),
);

/** Comment, string, quoted name, number, word, anything else. */
const TOKEN =
  /(--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|('(?:[^']|'')*(?:'|$))|("(?:[^"]|"")*(?:"|$))|(\b\d+(?:\.\d+)?(?:e[+-]?\d+)?\b)|([a-z_]\w*)|(\s+|[\s\S])/giy;

/**
 * @param {string} sql
 * @returns {Token[]} whose texts, one after another, are `sql`
 */
export function tokenizeSql(sql) {
  /** @type {Token[]} */
  const tokens = [];
  for (const match of sql.matchAll(TOKEN)) {
    const text = match[0];
    const kind = kindOf(match);
    const last = tokens.at(-1);
    if (last?.kind === kind) last.text += text;
    else tokens.push({ kind, text });
  }
  return tokens;
}

/**
 * @param {RegExpExecArray} match of {@link TOKEN}
 * @returns {TokenKind}
 */
function kindOf([, comment, string, , number, word]) {
  if (comment !== undefined) return "comment";
  if (string !== undefined) return "string";
  if (number !== undefined) return "number";
  return word !== undefined && KEYWORDS.has(word.toLowerCase()) ? "keyword" : "plain";
}
