/** What secrets look like, and what their names are. Made to find few things wrongly: a random text under an innocent name is found by its Secret only. */

interface Shape {
  /** What it is, as a message has it. */
  readonly what: string;
  readonly pattern: RegExp;
}

/* Beginnings and lengths as their issuers document them. Each counted part is bounded or of one class, so that long texts take no longer than their length. */
const shapes: readonly Shape[] = [
  { what: "a private key", pattern: /-----BEGIN (?:[A-Z]+ ){0,2}PRIVATE KEY(?: BLOCK)?-----/ },
  { what: "an access key of AWS", pattern: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/ },
  { what: "a token of GitHub", pattern: /\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_[A-Za-z0-9_]{40}/ },
  { what: "a token of GitLab", pattern: /\bglpat-[A-Za-z0-9_-]{20}/ },
  { what: "a token of Slack", pattern: /\bxox[abeprs]-[A-Za-z0-9-]{10}|hooks\.slack\.com\/services\/T\w+\/B\w+\/\w+/ },
  { what: "a key of a model provider", pattern: /\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{20}|\bnvapi-[A-Za-z0-9_-]{20}|\bhf_[A-Za-z0-9]{30}/ },
  { what: "a key of Google", pattern: /\bAIza[0-9A-Za-z_-]{35}/ },
  { what: "a token of a package registry", pattern: /\bnpm_[A-Za-z0-9]{36}|\bpypi-AgE[A-Za-z0-9_-]{20}/ },
  { what: "a signed token (JWT)", pattern: /\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10}/ },
  { what: "a bearer token", pattern: /\bBearer [A-Za-z0-9._~+/=-]{20}/ },
  { what: "a URL with a password", pattern: /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@"'<>{}$]{0,100}:[^\s/@"'<>{}$*]{1,200}@/ },
];
const anyShape = new RegExp(shapes.map(({ pattern }) => pattern.source).join("|"));

/** What kind of secret a text holds, or undefined. */
export function shapeOf(text: string): string | undefined {
  return anyShape.test(text) ? shapes.find(({ pattern }) => pattern.test(text))?.what : undefined;
}

const words =
  "(?:password|passwd|passphrase|api[-_.]?key|client[-_.]?secret|private[-_.]?key|(?:access|auth|bearer|refresh)[-_.]?token|secret[-_.]?access[-_.]?key)";
const anyCase = new RegExp(`${words}$`, "i");
/** Short words mean a secret in the names of environment variables only; elsewhere they are names of Secrets, or counts. */
const variables = /(?:^|_)(?:SECRET|TOKEN|CREDENTIALS?|SECRET_KEY|ACCESS_KEY|PASS|PWD)$/;

/** Whether a field or variable of this name holds a secret, and this text is one: no reference, path, switch or empty text. */
export function isNamedSecret(name: string, text: string): boolean {
  return (anyCase.test(name) || (variables.test(name) && name !== "PWD")) && isLiteral(text);
}

/** Whether a text could be a secret itself. */
function isLiteral(text: string): boolean {
  const value = text.trim();
  // References, paths, placeholders, and calls in programs.
  if (/^(?:[$/<%]|\{\{|\*+$|(?:file|env|vault|secret|arn):|[A-Za-z_][\w.]*[([])/.test(value)) return false;
  return !/^(?:true|false|yes|no|none|null|nil|unused|disabled|optional|required|\d{0,5})$/i.test(value);
}

const flag = new RegExp(`^--?[\\w-]{0,40}?(?:${words}|token|pass)(?:=(.*))?$`, "is");

/** Whether an argument gives a secret: `--password=x`, or `x` after `--password`. */
export function isSecretArgument(text: string, before: string | undefined): boolean {
  const own = flag.exec(text)?.[1];
  if (own !== undefined) return isLiteral(own);
  const earlier = before === undefined ? null : flag.exec(before);
  return earlier !== null && earlier[1] === undefined && !text.startsWith("-") && isLiteral(text);
}

const setting = new RegExp(`([\\w.-]{0,40}?${words})["']?\\s{0,4}[:=]\\s{0,4}["']?([^\\s"',;}]+)`, "gi");

/** Whether a line of a file or script sets a secret: `password: x`. Comments don't. */
export function setsSecret(text: string): boolean {
  return text.split("\n").some((line) => !/^\s*(?:#|\/\/|;)/.test(line) && [...line.matchAll(setting)].some(([, , value = ""]) => isLiteral(value)));
}
