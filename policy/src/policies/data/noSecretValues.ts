/** Secrets stand in Secrets, and nowhere else. */
import type { KubeObject } from "../../objects";
import { stackPolicy, type Problem } from "../../policy";
import { secretIndex } from "../../secretIndex";
import { isNamedSecret, isSecretArgument, setsSecret, shapeOf } from "../../secretPatterns";
import { NotDecided, UNKNOWN, type View } from "../../values";

export const noSecretValues = stackPolicy({
  number: 43,
  name: "no-secret-values",
  title: "no secret value stands in a ConfigMap, an argument, an environment variable, an annotation or any other field but a Secret's",
  why: "Whoever may read the object, the process list or the repository has the secret; and it is in backups, logs and the history for good.",
  fix: "put the value into a Secret, refer to it by name, and replace it: it has been seen",
  group: "data",
  severity: "critical",
  controls: { nsa: ["secrets"], nist: ["SC-28", "IA-5(7)"] },
  parameters: {
    publicKeys: {
      type: "strings",
      description: "keys of Secrets whose values are no secrets",
      default: ["username", "user", "host", "hostname", "port", "database", "dbname", "namespace", "endpoint", "bucket", "region", "issuer"].concat([
        "client_id", "client-id", "clientId", "ca.crt", "tls.crt", "service-ca.crt",
      ]), // prettier-ignore
    },
  },
  subjects: (stack) => stack.objects,
  check: (subject, _, stack, { parameters }) => {
    const secrets = secretIndex(stack);
    const problems: Problem[] = [];
    let unknown: string | undefined;
    for (const text of textsOf(subject)) {
      if (text.value === undefined) unknown ??= text.path;
      else {
        const known = secrets.in(text.value).find(({ key }) => !parameters.publicKeys.includes(key));
        const what = known === undefined ? found(text as Known) : `the value of ${known.title}, key ${known.key}`;
        if (what !== undefined) problems.push({ path: text.path, value: "(not shown)", message: `must not hold ${what}` });
      }
    }
    if (problems.length === 0 && unknown !== undefined) throw new NotDecided(unknown);
    return problems;
  },
});

/** A text in an object. */
interface Text {
  readonly path: string;
  /** undefined: known only after `up`. */
  readonly value: string | undefined;
  /** Its field, or the `name` beside its `value`. */
  readonly name: string;
  /** The item before it in a list. */
  readonly before?: string | undefined;
  /** Whether it is a file, a script or an argument. */
  readonly program: boolean;
}
type Known = Text & { readonly value: string };

function found({ value, name, before, program }: Known): string | undefined {
  const shape = shapeOf(value);
  if (shape !== undefined) return shape;
  if (isNamedSecret(name, value)) return `a literal, since ${name} is the name of a secret`;
  if (program && isSecretArgument(value, before)) return "a secret as an argument";
  return program && setsSecret(value) ? "a line that sets a secret" : undefined;
}

const programs = ["command", "args", "script"];

/** All texts that an object's owner wrote. Of a Secret: what isn't its content. Nothing that is read here gets into the evidence. */
function textsOf(object: KubeObject): Iterable<Text> {
  const root = object.view();
  if (object.is("/Secret")) return texts(root.view("metadata"), { name: "metadata", program: false });
  return texts(root, { name: "", program: object.is("/ConfigMap") });
}

const notWritten = ["status", "metadata.managedFields"];

function* texts(view: View, at: Pick<Text, "name" | "before" | "program">): Generator<Text> {
  const { value, path } = view;
  if (notWritten.includes(path) || value === null || value === undefined) return;
  if (value === UNKNOWN) yield { ...at, path, value: undefined };
  else if (typeof value === "string") yield { ...at, path, value: path.startsWith("binaryData") ? Buffer.from(value, "base64").toString() : value };
  else if (Array.isArray(value)) {
    let before: string | undefined;
    for (const item of view.list("")) {
      yield* texts(item, { ...at, before });
      before = typeof item.value === "string" ? item.value : undefined;
    }
  } else if (typeof value === "object")
    for (const [key, item] of view.entries("")) {
      const sibling: unknown = key === "value" ? (value as { readonly name?: unknown }).name : undefined;
      yield* texts(item, { name: typeof sibling === "string" ? sibling : key, program: at.program || programs.includes(key) });
    }
}
