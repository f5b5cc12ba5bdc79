import { serveProvider } from "../lib/provider";
import { KubernetesProvider } from "./provider";

serveProvider(new KubernetesProvider(process.env.OAP_PLUGIN_VERSION ?? "0.0.0"));
