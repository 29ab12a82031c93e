import { HorizonError } from "../errors.ts";

/** Variables of the environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `${NAME}` replaced by what the environment has under that name.
 * @param who names what needs it, for the error
 * @throws HorizonError `invalid_argument` when it is not set
 */
export function expandVariables(value: string, env: Environment, who: string): string {
  return value.replaceAll(/\$\{(\w{1,128})\}/g, (_, variable: string) => {
    const found = env[variable];
    if (found !== undefined) return found;
    throw new HorizonError(
      "invalid_argument",
      `${who} needs ${variable}, which is not set in the environment`,
    );
  });
}
