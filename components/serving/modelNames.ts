/** Names of models as Ollama understands them (types/model/name.go). Pure. */

/** Path of a model's manifest below `manifests/` in a store: host/namespace/model/tag, with Ollama's defaults. @param name `[[host/]namespace/]model:tag` */
export function manifestPath(name: string): string {
  const tagAt = name.lastIndexOf(":");
  const parts = name.slice(0, tagAt).split("/");
  const model = parts.at(-1) ?? "";
  return [parts.at(-3) ?? "registry.ollama.ai", parts.at(-2) ?? "library", model, name.slice(tagAt + 1)].join("/");
}
