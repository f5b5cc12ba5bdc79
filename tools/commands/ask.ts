/** A question to the model, through the Service, with the answer streamed as it comes. */
import { namespaceOf } from "../../stacks/projects";
import type { StackConfig } from "../../stacks/schema";
import { UserError } from "../lib/errors";
import { ExecError } from "../lib/exec";
import type { Configuration } from "../stack/embedded";
import { trackedConfiguration } from "../stack/workspace";
import { runningCluster, settings } from "./settings";

/** One event of an OpenAI-compatible chat completion stream. */
interface Chunk {
  readonly choices?: readonly { readonly delta?: { readonly content?: string } }[];
  readonly error?: { readonly message: string };
}

interface Server {
  /** The Service of the first pool, as the API server's proxy names it. */
  readonly path: string;
  /** Arguments of kubectl that show the logs of its replicas. */
  readonly logs: string;
  /** Arguments of kubectl that print the addresses of its replicas that are ready. */
  readonly ready: readonly string[];
}

/** Where the stack's configuration says that models are served. */
export function serverOf({ environment, serving }: Configuration): Server {
  const [pool] = (serving as { readonly pools: readonly { readonly name: string }[] }).pools;
  const namespace = namespaceOf(environment as StackConfig["environment"], "platform");
  const name = pool?.name ?? "";
  const replicas = `app.kubernetes.io/component=model-server,app.kubernetes.io/instance=${name}`;
  const addresses = "jsonpath={.items[*].endpoints[?(@.conditions.ready==true)].addresses[0]}";
  return {
    path: `/api/v1/namespaces/${namespace}/services/http:${name}:http/proxy`,
    logs: `-n ${namespace} logs -l ${replicas} -c ollama`,
    ready: ["-n", namespace, "get", "endpointslices", "-l", `kubernetes.io/service-name=${name}-active`, "-o", addresses],
  };
}

export async function ask(args: readonly string[]): Promise<undefined> {
  const prompt = args.join(" ") || process.env.PROMPT;
  if (!prompt) throw new UserError("no question given", { fix: "make ask PROMPT=hello" });
  const from = settings();
  const cluster = runningCluster(from);
  const server = serverOf(trackedConfiguration(from.stack).config);
  if (cluster.flavor === "simulated")
    throw new UserError("all nodes of this cluster are simulated, so no model answers", { fix: "make up FLAVOR=real, as root on Linux" });
  // The routers would keep the question until a replica comes, and kubectl asks again when they give up: minutes.
  if ((await cluster.kubectl(server.ready)).stdout.trim() === "")
    throw new UserError("the model server does not answer: none of its replicas is ready", { fix: "make status shows what is not ready; make up repairs it" });
  const model = process.env.MODEL || (await firstModel(() => cluster.kubectl(["get", "--raw", `${server.path}/v1/models`])));
  let failed: string | undefined;
  let tokens = 0;
  try {
    await cluster.kubectl(["create", "--raw", `${server.path}/v1/chat/completions`, "-f", "-"], {
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
  if (failed !== undefined) throw new UserError(`the model "${model}" stopped with an error: ${failed}`, { fix: `make kubectl ARGS="${server.logs}"` });
  if (tokens === 0) throw new UserError(`the model "${model}" answered nothing`, { fix: "ask something else, or name another model: MODEL=name" });
  return undefined;
}

async function firstModel(get: () => Promise<{ stdout: string }>): Promise<string> {
  let models: { data?: readonly { id: string }[] };
  try {
    models = JSON.parse((await get()).stdout) as typeof models;
  } catch (cause) {
    throw new UserError("the model server does not answer", { fix: "make status shows what is not ready; make up repairs it", cause });
  }
  const first = models.data?.[0]?.id;
  if (!first) throw new UserError("the server has no model", { fix: "make up loads those that the stack's configuration names" });
  return first;
}
