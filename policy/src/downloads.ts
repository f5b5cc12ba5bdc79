/** Commands that download when a container starts. */

/** Programs that get code or models, by what a command line looks like; in the syntax of RE2, so that CEL takes them too. */
const commands: Readonly<Record<string, string>> = {
  "uvx or uv": "\\b(uvx|uv\\s+(pip\\s+install|tool\\s+(install|run)|sync))\\b",
  "pip install": "\\bpip3?(\\s+-\\S+)*\\s+install\\b",
  "conda install": "\\b(conda|mamba|micromamba)\\s+(install|create)\\b",
  "npm install": "\\b(npm|pnpm|yarn)\\s+(install|i|ci|add|exec|dlx)\\b",
  npx: "\\bnpx\\s",
  "apt-get install": "\\bapt(-get)?(\\s+-\\S+)*\\s+install\\b",
  "apk add": "\\bapk(\\s+-\\S+)*\\s+add\\b",
  "dnf install": "\\b(dnf|microdnf|yum)(\\s+-\\S+)*\\s+install\\b",
  "go install": "\\bgo\\s+(install|run)\\s+\\S+@",
  "ollama pull": "\\bollama\\s+(pull|run)\\b",
  "huggingface-cli download": "\\b(huggingface-cli|hf)\\s+download\\b",
};

export const installers = Object.entries(commands).map(([name, source]) => ({ name, pattern: new RegExp(source) }));

/** Of these it matters where they go. */
const fetchers = /\b(curl|wget|aria2c|git\s+clone)\b/;

/** Hosts of the addresses in a command line that fetches: `https://host/…`, and `git@host:…`. */
export function internetUrls(text: string): readonly string[] {
  if (!fetchers.test(text)) return [];
  return [...text.matchAll(/(?:https?|ftp|git|ssh):\/\/(?:[^\s/@"']*@)?([^\s/:"']+)|\bgit@([^\s:"']+):/g)].map(([, url, scp]) =>
    (url ?? scp ?? "").toLowerCase(),
  );
}

/** Whether a host is one of the cluster, of the pod itself or of a private network. */
export function internalHost(host: string): boolean {
  if (/^(127\.|10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.)[\d.]+$/.test(host)) return true;
  return !host.includes(".") || /\.(svc|local|internal|localhost)$/.test(host) || /[$[{]/.test(host);
}

/** Switches of Hugging Face's libraries. */
export const offline = ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"] as const;

/** A model that vLLM, TGI or TEI is started with by its name on the hub, `organisation/name`; undefined where it is a path, or there is none. */
export function hubModel(words: readonly string[]): string | undefined {
  const text = words.join(" ");
  const found = /(?:--model(?:-id)?[= ]|\bvllm serve )([A-Za-z0-9][\w.-]*\/[\w.-]+)(?:\s|$)/.exec(text);
  return found?.[1];
}
