/** The JSON schema of a stack's file for editors: what the program accepts, under the keys as they are written there. */
import { namespace, secretFields } from "../../stacks/load";
import { jsonSchemaOf, type JsonSchema } from "../../stacks/problems";
import { schema } from "../../stacks/schema";

/** What Pulumi itself writes beside `config`. */
const ofPulumi = {
  encryptionsalt: { type: "string", description: "salt of the passphrase, written by Pulumi" },
  encryptedkey: { type: "string", description: "key of the secrets provider, written by Pulumi" },
  secretsprovider: { type: "string", description: "how secrets are encrypted, written by Pulumi" },
  environment: { description: "environments of Pulumi ESC" },
};

export function editorSchema(): Readonly<Record<string, unknown>> {
  const { properties = {}, required = [] } = jsonSchemaOf(schema);
  const keyed = Object.entries(properties).map(([name, field]) => [`${namespace}:${name}`, isSecret(name) ? encrypted(field) : field]);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Pulumi.<stack>.yaml of openshift-ai-platform",
    type: "object",
    properties: {
      config: {
        type: "object",
        description: "configuration of the stack",
        properties: Object.fromEntries(keyed) as Readonly<Record<string, unknown>>,
        required: required.map((name) => `${namespace}:${name}`),
        // Keys of providers are theirs.
        patternProperties: { [`^(?!${namespace}:)`]: {} },
        additionalProperties: false,
      },
      ...ofPulumi,
    },
    required: ["config"],
    additionalProperties: false,
  };
}

function isSecret(name: string): boolean {
  return secretFields.some((field) => field === name);
}

/** As `pulumi config set --secret` writes it; plain text is refused. */
function encrypted({ description }: JsonSchema): unknown {
  return {
    description,
    type: "object",
    properties: { secure: { type: "string", description: "the value, encrypted by Pulumi" } },
    required: ["secure"],
    additionalProperties: false,
  };
}
