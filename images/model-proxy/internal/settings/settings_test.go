package settings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAllProblemsAtOnce(t *testing.T) {
	_, problems := ForSidecar([]string{
		"MODEL_PROXY_SLOTS=0", "MODEL_PROXY_QUEUE=many", "MODEL_PROXY_ADMIN_LISTEN=:9465", "MODEL_PROXY_UPSTREAM=127.0.0.1:11435",
		"MODEL_PROXY_LISTEN=11434", "MODEL_PROXY_DRAIN_SECONDS=-1", "MODEL_PROXY_COLOUR=red", "PATH=/bin",
	})
	text := problems.String()
	for _, wanted := range []string{
		`MODEL_PROXY_COLOUR: no such setting; there are UPSTREAM, `,
		`MODEL_PROXY_SLOTS: got "0", must be a whole number from 1 to`,
		`MODEL_PROXY_QUEUE: got "many", must be a whole number from 0 to`,
		`MODEL_PROXY_ADMIN_LISTEN: got ":9465", must be a loopback address`,
		`MODEL_PROXY_UPSTREAM: got "127.0.0.1:11435", must be an address like http://`,
		`MODEL_PROXY_LISTEN: got "11434", must be an address to listen on`,
		`MODEL_PROXY_DRAIN_SECONDS: got "-1", must be a whole number from 0 to 86400 of seconds`,
		"7 problem(s)", "fix:",
	} {
		if !strings.Contains(text, wanted) {
			t.Errorf("missing %q in\n%s", wanted, text)
		}
	}
}

func TestDefaultsAndValues(t *testing.T) {
	values, problems := ForSidecar([]string{"MODEL_PROXY_MODELS=a:1, b ,", "MODEL_PROXY_DRAIN_SECONDS=7"})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if values.Listen != ":11434" || values.Slots != 1 || values.Queue != 512 || values.Drain != 7*time.Second || values.Upstream.Host != "127.0.0.1:11435" {
		t.Errorf("got %+v", values)
	}
	if len(values.Models) != 2 || values.Models[1] != "b" {
		t.Errorf("got %q", values.Models)
	}
}

func TestRouterNeedsABackend(t *testing.T) {
	if _, problems := ForRouter(nil); len(problems) != 1 || !strings.HasPrefix(problems[0], "MODEL_PROXY_BACKEND: missing") {
		t.Errorf("got %q", problems)
	}
	for _, wrong := range []string{"pool", ":11434", "pool:0", "pool:70000", "http://pool:1/x"} {
		if _, problems := ForRouter([]string{"MODEL_PROXY_BACKEND=" + wrong}); len(problems) != 1 {
			t.Errorf("%s: got %q", wrong, problems)
		}
	}
	values, problems := ForRouter([]string{"MODEL_PROXY_BACKEND=pool-active.ns.svc:11434,127.0.0.2:1"})
	if len(problems) > 0 || len(values.Backends) != 2 || values.Backends[1] != (Backend{"127.0.0.2", 1}) {
		t.Errorf("got %+v, %q", values, problems)
	}
}

func TestWhatKubernetesSetsForAServiceIsNoSetting(t *testing.T) {
	_, problems := ForSidecar([]string{"MODEL_PROXY_SERVICE_HOST=10.0.0.1", "MODEL_PROXY_SERVICE_PORT_HTTP=1", "MODEL_PROXY_PORT=tcp://10.0.0.1:1", "MODEL_PROXY_PORT_1_TCP_ADDR=10.0.0.1"})
	if len(problems) > 0 {
		t.Error(problems)
	}
}

func TestHelpHasEveryVariable(t *testing.T) {
	for _, name := range []string{"UPSTREAM", "LISTEN", "METRICS_LISTEN", "ADMIN_LISTEN", "MODELS", "SLOTS", "QUEUE", "DRAIN_SECONDS"} {
		if !strings.Contains(SidecarHelp(), Prefix+name+" ") {
			t.Errorf("no %s", name)
		}
	}
	if !strings.Contains(RouterHelp(), "MODEL_PROXY_BACKEND ") {
		t.Error("no BACKEND")
	}
}

func TestGatewayNeedsItsFilesAndADatabaseWithTLS(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, problems := ForGateway([]string{"MODEL_PROXY_CONFIG=/none", "MODEL_PROXY_KEYS=" + file, "MODEL_PROXY_HOLD_SECONDS=1", "PGHOST=db", "PGSSLMODE=prefer", "PGPASSWORD=x"})
	text := problems.String()
	for _, wanted := range []string{
		`MODEL_PROXY_CONFIG: got "/none", must be a path that can be read`, "MODEL_PROXY_ADMIN_KEY_FILE: missing", "must be a folder", "MODEL_PROXY_HOLD_SECONDS: got",
		"PGDATABASE: missing", "PGUSER: missing", "PGPASSFILE: missing", `PGSSLMODE: got "prefer", must be verify-full`, "PGPASSWORD: set, must not be",
	} {
		if !strings.Contains(text, wanted) {
			t.Errorf("missing %q in\n%s", wanted, text)
		}
	}
	values, problems := ForGateway([]string{"MODEL_PROXY_CONFIG=" + file, "MODEL_PROXY_ADMIN_KEY_FILE=" + file, "MODEL_PROXY_KEYS=" + folder,
		"PGHOST=db", "PGDATABASE=g", "PGUSER=g", "PGPASSFILE=" + file, "PGSSLMODE=require", "PGCHANNELBINDING=require"})
	if len(problems) > 0 || values.Listen != ":8080" || values.Connections != 8 || values.Hold != time.Minute || values.Keys != folder {
		t.Errorf("got %+v, %q", values, problems)
	}
}
