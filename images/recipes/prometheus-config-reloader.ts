/** What writes Prometheus' configuration and rules beside it and tells it to read them again; of the operator's project, with its version. */
import { operatorImage } from "./operatorImage";

export const prometheusConfigReloader = operatorImage("prometheus-config-reloader", "prometheus-config-reloader");
