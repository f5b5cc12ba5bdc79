/** docs/configuration.md and the schema for editors, made from the schema of the configuration. */
import { namespace } from "../../stacks/load";
import { choicesOf, jsonSchemaOf, typeOf, type JsonSchema } from "../../stacks/problems";
import { schema } from "../../stacks/schema";
import { editorSchema } from "./configurationSchema";
import { formatJson } from "./json";

/** Paths from the repository's root, with their content. Pure. */
export function configurationDocs(): Readonly<Record<string, string>> {
  return { "docs/configuration.md": reference(), "docs/configuration.schema.json": formatJson(editorSchema()) };
}

/** A row of a table. */
export interface Field {
  /** `pools[].scale.min` */
  readonly path: string;
  /** Kind of the union that has it. */
  readonly kind?: string | undefined;
  readonly schema: JsonSchema;
  readonly required: boolean;
}

function reference(): string {
  const { properties = {}, required = [] } = jsonSchemaOf(schema);
  const top = Object.entries(properties).map(([path, field]): Field => ({ path, schema: field, required: required.includes(path) }));
  const nested = top.filter((field) => fieldsOf(field).length > 0);
  return [
    introduction,
    "## All sections",
    "",
    table(top, (path) => (nested.some((field) => field.path === path) ? `[\`${path}\`](#${path.toLowerCase()})` : `\`${path}\``)),
    ...nested.flatMap((field) => [
      `## ${field.path}`,
      "",
      `${sentence(aboutOf(field).text)}${field.schema.type === "array" ? ` ${sentence(typeOf(field.schema))}` : ""}`,
      "",
      table(fieldsOf(field)),
    ]),
  ].join("\n");
}

const introduction = `# Configuration

<!-- Made from stacks/schema by \`make docs\`; do not edit. -->

A stack is configured in \`Pulumi.<stack>.yaml\`, each section under \`config:\` with the key \`${namespace}:<section>\`:

\`\`\`yaml
config:
  ${namespace}:environment: production
  ${namespace}:network:
    downloads: false
\`\`\`

\`Pulumi.dev.yaml\`, \`Pulumi.staging.yaml\` and \`Pulumi.production.yaml\` are commented and can be copied. Edit the file, or set single fields:
\`pulumi config set --path '${namespace}:network.downloads' false\`. Then \`pulumi preview\` shows what changes.

- **Editors.** \`configuration.schema.json\` completes and checks the file while you write; the first line of each file names it.
- **Units.** Bytes are written with Mi, Gi or Ti. CPU is written in quotes (\`"16"\`, \`"1600m"\`): without them YAML makes a number of it.
- **Secrets.** \`registryCredentials\` is the only secret. \`pulumi config set --secret ${namespace}:registryCredentials < config.json\` writes it encrypted; in plain text it is
  refused. Messages never show the value of an encrypted key.
- **Mistakes.** Before anything is created, the whole file is checked. All mistakes are shown together, each with the field, its value, what is allowed and the fix;
  unknown fields are refused. First come mistakes in single fields; when there are none, fields that contradict each other and the [capacity](#capacity) that is not there:

\`\`\`
Pulumi.production.yaml: 2 problems
  ${namespace}:platform is "openshfit"
    allowed: "openshift" or "kubernetes" (what the cluster is)
    fix: did you mean "openshift"?
  ${namespace}:storage.models.size is "500GB"
    allowed: a quantity of bytes: a whole number with Mi, Gi or Ti
    fix: change it, for example "500Gi"
\`\`\`

In the tables, \`[]\` stands for each entry of a list. "(odf)" behind a field: only where \`kind\` is \`odf\`. A default that depends on \`sizing\` is in
\`stacks/sizing.ts\`.
`;

/** All fields below one, depth first, in the order of the schema. */
export function fieldsOf({ path, schema: field, kind }: Field, prefix = ""): readonly Field[] {
  const base = prefix === "" ? "" : `${path}${field.type === "array" ? "[]" : ""}.`;
  const holder = field.type === "array" ? field.items : field;
  const branches = holder?.oneOf?.map((branch) => ({ branch, kind: String(branch.properties?.kind?.const) })) ?? [{ branch: holder, kind }];
  return branches.flatMap(({ branch, kind: of }) =>
    Object.entries(branch?.properties ?? {}).flatMap(([name, child]) => {
      const one: Field = { path: `${base}${name}`, kind: name === "kind" ? undefined : of, schema: child, required: branch?.required?.includes(name) ?? false };
      return [one, ...fieldsOf(one, one.path)];
    }),
  );
}

function table(fields: readonly Field[], link = (path: string): string => `\`${path}\``): string {
  const rows = fields.map((field) => {
    const { text, fallback } = aboutOf(field);
    const name = `${link(field.path)}${field.kind === undefined ? "" : ` (${field.kind})`}`;
    return [name, escape(allowedOf(field.schema)), fallback, escape(text), exampleOf(field.schema)];
  });
  return [["field", "allowed", "default", "what it is", "example"], ["---", "---", "---", "---", "---"], ...rows]
    .map((row) => `| ${row.join(" | ")} |\n`)
    .join("");
}

/** Names of what is in a map or list stand in the rows below it. */
function allowedOf(field: JsonSchema): string {
  if (field.oneOf || field.properties) return "a map";
  const choices = choicesOf(field);
  if (choices) return choices.map(code).join(" or ");
  const { items } = field;
  if (field.type === "array" && items) return `${typeOf(field)}${items.properties ? ", maps" : `, each ${typeOf(items)}`}`;
  const values = field.additionalProperties;
  return typeof values === "object" ? `a map of texts, each ${typeOf(values)}` : typeOf(field);
}

/** A description ends with its default where that is no value: `…; default: by sizing`. */
export function aboutOf({ schema: field, required }: Pick<Field, "schema" | "required">): { readonly text: string; readonly fallback: string } {
  const [, text = field.description ?? "", said] = /^(.*?)(?:; default: (.*))?$/s.exec(field.description ?? "") ?? [];
  if (said !== undefined) return { text, fallback: escape(said) };
  if (required) return { text, fallback: "needed" };
  return { text, fallback: JSON.stringify(field.default) === "{}" ? "" : code(field.default) };
}

function exampleOf({ examples, default: fallback, type }: JsonSchema): string {
  const example = examples?.find((one) => JSON.stringify(one) !== JSON.stringify(fallback));
  return example === undefined || type === "boolean" ? "" : code(example);
}

function code(value: unknown): string {
  if (value === undefined) return "";
  const text = JSON.stringify(value).replaceAll("|", "\\|");
  // Two backticks hold one.
  return text.includes("`") ? `\`\` ${text} \`\`` : `\`${text}\``;
}

/** Text for a cell; what is code in it stays so. */
function escape(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part, i) => (i % 2 === 1 ? part : part.replace(/[<*_[\]{}]/g, (character) => `\\${character}`)))
    .join("")
    .replaceAll("|", "\\|");
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
