/** The database that the platform's services keep their state in. */
import { z } from "zod";
import { bytes, cidr, objectName, text, whole } from "./fields";

const connections = (what: string) =>
  whole(20, 10_000, 100).default(100).describe(`connections that ${what}; the services together may have all but five of them`);

const postgres = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z
      .literal("single")
      .describe("one instance, made by the stack, on a volume that outlives it; not for production: while it restarts, the gateway refuses"),
    class: objectName.optional().describe("StorageClass; default: ai-fast-ssd where `storage.classes` makes it, else the cluster's default class"),
    size: bytes
      .optional()
      .describe("size of its volume; default: by sizing")
      .meta({ examples: ["20Gi"] }),
    maxConnections: connections("it takes"),
  }),
  z.strictObject({
    kind: z.literal("external").describe("a server of yours; each service finds its password in a Secret that is there already (docs/gateway.md)"),
    host: text(/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/, "the host name that the server's certificate is for", "postgres.example.com").describe(
      "its host name, which its certificate must be for",
    ),
    port: whole(1, 65_535, 5432).default(5432).describe("its port"),
    addresses: z
      .array(cidr)
      .min(1)
      .max(50)
      .describe("its addresses: network policies know no names")
      .meta({ examples: [["10.40.0.0/24"]] }),
    maxConnections: connections("it has for the platform"),
  }),
]);

export const data = z.strictObject({
  postgres: postgres.prefault({ kind: "single" }).describe("PostgreSQL, 15 or newer"),
});
