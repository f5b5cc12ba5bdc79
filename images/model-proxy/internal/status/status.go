// Package status has what a sidecar tells routers of its replica, and a router whoever may ask it of all of them.
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
	// Memory of all that is loaded.
	Memory []Memory `json:"memory"`
	// Up: the model server takes connections.
	Up bool `json:"up"`
}

// Memory of a model, in bytes: all of it, and what of it is on GPUs.
type Memory struct {
	Model string `json:"model"`
	Total int64  `json:"total"`
	GPU   int64  `json:"gpu"`
}

// Pool is the body of a router's GET /status.
type Pool struct {
	// Router that tells: the name of its pod.
	Router string `json:"router"`
	// Queued requests of this router's own; each has its own queue.
	Queued   int      `json:"queued"`
	Replicas []Listed `json:"replicas"`
}

// Listed is a replica as a router knows it; all but address and state are its own words, some seconds old at most where it is reachable.
type Listed struct {
	Address string `json:"address"`
	// State is ready, draining or unreachable.
	State string `json:"state"`
	Replica
}
