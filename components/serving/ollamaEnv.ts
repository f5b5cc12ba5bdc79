/** The environment of Ollama 0.17: everything that decides how it serves is set, nothing is left to a default that depends on the machine. Pure. */
import type { PoolConfig } from "../../stacks/schema";
import { modelServerPort, ollamaPort } from "../../stacks/connections";

/** Where the store is mounted. */
export const storePath = "/models";
/** Writable; Ollama keeps a key there that it makes at its start. */
export const homePath = "/home/ollama";

const common = {
  HOME: homePath,
  OLLAMA_MODELS: storePath,
  // A store that others use or that can't be written must not be cleaned up by each server.
  OLLAMA_NOPRUNE: "1",
  // No models that run elsewhere, no web search.
  OLLAMA_NO_CLOUD: "1",
};

export type ServerSettings = Pick<
  PoolConfig,
  "parallel" | "contextLength" | "keepAlive" | "loadTimeoutSeconds" | "maxLoadedModels" | "maxQueue" | "flashAttention" | "kvCacheType" | "origins"
>;

export function serverEnv(settings: ServerSettings): Record<string, string> {
  return {
    ...common,
    // Nobody gets past the sidecar.
    OLLAMA_HOST: `127.0.0.1:${ollamaPort}`,
    OLLAMA_CONTEXT_LENGTH: String(settings.contextLength),
    OLLAMA_NUM_PARALLEL: String(settings.parallel),
    OLLAMA_MAX_LOADED_MODELS: String(settings.maxLoadedModels),
    OLLAMA_MAX_QUEUE: String(settings.maxQueue),
    OLLAMA_KEEP_ALIVE: settings.keepAlive,
    OLLAMA_LOAD_TIMEOUT: `${settings.loadTimeoutSeconds}s`,
    OLLAMA_FLASH_ATTENTION: settings.flashAttention ? "1" : "0",
    OLLAMA_KV_CACHE_TYPE: settings.kvCacheType,
    // localhost is always allowed, so naming it changes nothing; an empty variable would be dropped.
    OLLAMA_ORIGINS: settings.origins.length > 0 ? settings.origins.join(",") : "http://localhost",
  };
}

/** A server that only its own pod reaches. */
export function loaderEnv(): Record<string, string> {
  return { ...common, OLLAMA_HOST: `127.0.0.1:${modelServerPort}` };
}
