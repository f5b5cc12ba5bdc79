/** The operator of Prometheus, one static program as in the upstream image. */
import { operatorImage } from "./operatorImage";

export const prometheusOperator = operatorImage("prometheus-operator", "operator");
