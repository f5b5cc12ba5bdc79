/** What the commands reach of the machine. */
export interface Io {
  /** The text of a file. @throws where it can't be read */
  readonly read: (path: string) => string;
  /** Files below a folder, in order; undefined where it is none. */
  readonly files: (path: string) => readonly string[] | undefined;
  readonly stdin: () => Promise<string>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Now, in UTC. */
  readonly now: () => Date;
}
