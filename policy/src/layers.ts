/** The platform's layers, and which of them are built: a policy about another one is "not applicable: layer not built". */
export const layers = {
  foundation: true,
  gpu: true,
  serving: true,
  builds: true,
  observability: true,
  exposure: true,
  data: true,
  gateway: true,
  chat: false,
  mcp: false,
  workspaces: false,
  registry: false,
  pipelines: false,
  recovery: false,
} as const satisfies Record<string, boolean>;

export type Layer = keyof typeof layers;
