/** How a log file is being read. All counters only rise. */
export interface LogFileStatus {
  readonly path: string;
  /** Bytes of the file, and those of them whose records are kept. */
  readonly size: number;
  readonly offset: number;
  readonly records: number;
  /** Records that had been kept before a restart, and came again. */
  readonly repeated: number;
  /** Times that the file was cut off. */
  readonly truncations: number;
  /** Lines that stand in several pieces, since they are longer than a line may be. */
  readonly splitLines: number;
  /** Records of several lines that were ended at a bound. */
  readonly cutGroups: number;
  /** Records in which bytes that are no UTF-8 were replaced. */
  readonly repairedLines: number;
  /** Lines that are not of the configured format; they are kept as plain text. */
  readonly misfits: number;
  /** Whose lines they are, where these do not say; "" and null when it is not known. */
  readonly service: string;
  readonly pid: number | null;
  /** It is at its path no more, and is read to its end. */
  readonly rotated: boolean;
}

export interface LogFilesStatus {
  readonly files: readonly LogFileStatus[];
  /** Rotations by rename that were followed. */
  readonly rotations: number;
  /** Files that were being read before a restart, and were gone after it. */
  readonly lostFiles: number;
  /** Files found beyond the configured number, at the last look. */
  readonly leftOut: number;
}
