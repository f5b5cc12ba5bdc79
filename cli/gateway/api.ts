/**
 * The gateway's administration, through the API server's proxy: whoever may read the administrator's key there may use it. Who it is, for the audit, says the
 * API server.
 */
import { gatewayName } from "../../stacks/connections";
import { adminSecret } from "../../stacks/gateway";
import { failed, usage, UserError } from "../errors";
import { messageIn } from "../kube/client";
import { paths } from "../kube/paths";
import { namespaceIn } from "../settings";
import type { Method, Run } from "../types";

export interface Gateway {
  /** @throws UserError with what the gateway says */
  call<T>(method: Method, path: string, body?: unknown): Promise<T>;
  /** An answer that is no JSON. @throws as `call` */
  text(path: string): Promise<string>;
}

/** @throws UserError where there is no gateway, or its key can't be read */
export async function gatewayOf(run: Run): Promise<Gateway> {
  const namespace = namespaceIn(run.settings);
  const client = run.client();
  const secret = await client.get<{ readonly data?: Readonly<Record<string, string>> }>(paths.secret(namespace, adminSecret));
  const encoded = secret?.data?.key;
  if (encoded === undefined)
    throw failed(
      `namespace ${namespace} has no Secret ${adminSecret} with a key: there is no gateway`,
      "set openshift-ai-platform:gateway and run pulumi up; with secrets.source external, make the Secret (docs/gateway.md)",
    );
  const key = Buffer.from(encoded, "base64").toString("utf8").trim();
  const actor = await nameOf(run);
  const base = paths.service(namespace, gatewayName, "http");

  const send = async (method: Method, path: string, body?: unknown): Promise<string> => {
    // The API server keeps the header Authorization for itself.
    const headers = { "x-api-key": key, ...(method === "GET" ? {} : { "x-actor": actor }) };
    const { status, text } = await client.send(method, `${base}/admin/v1/${path}`, { headers, ...(body === undefined ? {} : { body }) });
    if (status < 300) return text;
    throw refusal(status, messageIn(text), namespace);
  };
  return {
    call: async <T>(method: Method, path: string, body?: unknown) => {
      const text = await send(method, path, body);
      return (text === "" ? undefined : JSON.parse(text)) as T;
    },
    text: (path) => send("GET", path),
  };
}

/** Who asks, as the API server knows them; where it can't say, as this machine does. */
async function nameOf({ client, deps }: Run): Promise<string> {
  const body = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
  const { status, text } = await client().post(paths.selfSubjectReviews, body);
  if (status >= 300) return deps.user();
  const { status: found } = JSON.parse(text) as { readonly status?: { readonly userInfo?: { readonly username?: string } } };
  return found?.userInfo?.username ?? deps.user();
}

function refusal(status: number, message: string, namespace: string): UserError {
  switch (status) {
    case 400:
      return usage(message, "correct it");
    case 401:
      return failed(
        `the gateway does not take the key of Secret ${namespace}/${adminSecret}`,
        "the Secret changed a moment ago? Its pods have it within two minutes: run this again",
      );
    case 404:
      return failed(message, "aictl keys list and aictl budgets list show what there is");
    case 503:
      return new UserError("UNREACHABLE", `the gateway does not answer: ${message}`, `kubectl -n ${namespace} get pods -l app.kubernetes.io/component=gateway`);
  }
  return failed(`the gateway answered ${status}: ${message}`, `kubectl -n ${namespace} logs deployment/${gatewayName}`);
}
