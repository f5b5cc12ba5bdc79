/** Who gets room first on the cluster, and may take it from the others: what answers people, what people work in, what can wait. Pure. */
export const priorities = {
  "ai-serving": { value: 1_000_000, description: "what answers people: model servers and the gateway" },
  "ai-interactive": { value: 100_000, description: "what people work in: workspaces" },
  "ai-batch": { value: 10_000, description: "what can wait: loaders and pipelines" },
} as const;
