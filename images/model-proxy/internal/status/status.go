// Package status has what a sidecar tells routers of its replica.
package status

// Replica is the body of the sidecar's GET /status.
type Replica struct {
	Draining bool `json:"draining"`
	InFlight int  `json:"inFlight"`
	Queued   int  `json:"queued"`
	Slots    int  `json:"slots"`
	// Models that are loaded; Pool: those that should be.
	Models []string `json:"models"`
	Pool   []string `json:"pool"`
	// Up: the model server takes connections.
	Up bool `json:"up"`
}
