/** A question to the model, through the Service, with the answer streamed as it comes. */
import { UserError } from "../lib/errors";
import { ExecError } from "../lib/exec";
import { runningCluster } from "./settings";

/** One event of an OpenAI-compatible chat completion stream. */
interface Chunk {
  readonly choices?: readonly { readonly delta?: { readonly content?: string } }[];
  readonly error?: { readonly message: string };
}

/** The Service of the model server, as the API server's proxy names it. */
const SERVICE = "/api/v1/namespaces/ai-development/services/http:ollama:http/proxy";

export async function ask(args: readonly string[]): Promise<undefined> {
  const prompt = args.join(" ") || process.env.PROMPT;
  if (!prompt) throw new UserError("no question given", { fix: "make ask PROMPT=hello" });
  const cluster = runningCluster();
  if (cluster.flavor === "simulated")
    throw new UserError("all nodes of this cluster are simulated, so no model answers", { fix: "make up FLAVOR=real, as root on Linux" });
  const model = process.env.MODEL || (await firstModel((path) => cluster.kubectl(["get", "--raw", path])));
  let failed: string | undefined;
  let tokens = 0;
  try {
    await cluster.kubectl(["create", "--raw", `${SERVICE}/v1/chat/completions`, "-f", "-"], {
      input: JSON.stringify({ model, stream: true, messages: [{ role: "user", content: prompt }] }),
      onLine: (line) => {
        const data = line.startsWith("data: ") ? line.slice(6) : "";
        if (data === "" || data === "[DONE]") return;
        const chunk = JSON.parse(data) as Chunk;
        failed ??= chunk.error?.message;
        const text = chunk.choices?.[0]?.delta?.content ?? "";
        if (text !== "") tokens++;
        process.stdout.write(text);
      },
    });
  } catch (error) {
    if (!(error instanceof ExecError)) throw error;
    throw new UserError(`the model "${model}" did not answer: ${error.result.stderr.trim() || error.message}`, {
      fix: "make status shows what is not ready",
      cause: error,
    });
  }
  process.stdout.write("\n");
  if (failed !== undefined)
    throw new UserError(`the model "${model}" stopped with an error: ${failed}`, { fix: 'make kubectl ARGS="-n ai-development logs deploy/ollama"' });
  if (tokens === 0) throw new UserError(`the model "${model}" answered nothing`, { fix: "ask something else, or name another model: MODEL=name" });
  return undefined;
}

async function firstModel(get: (path: string) => Promise<{ stdout: string }>): Promise<string> {
  let models: { data?: readonly { id: string }[] };
  try {
    models = JSON.parse((await get(`${SERVICE}/v1/models`)).stdout) as typeof models;
  } catch (cause) {
    throw new UserError("the model server does not answer", { fix: "make status shows what is not ready; make up repairs it", cause });
  }
  const first = models.data?.[0]?.id;
  if (!first) throw new UserError("the server has no model", { fix: "make up loads those that the stack's configuration names" });
  return first;
}
