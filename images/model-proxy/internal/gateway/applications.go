package gateway

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"

	"openshift-ai-platform/images/model-proxy/internal/gateway/config"
	"openshift-ai-platform/images/model-proxy/internal/gateway/keys"
	"openshift-ai-platform/images/model-proxy/internal/gateway/store"
)

// applicationKeys puts the keys of applications into the database, and those that change later.
type applicationKeys struct {
	config *config.Config
	store  *store.Store
	folder string
	// put already, by application: another replica may have put a newer one since.
	done map[string]keys.Hash
}

var itself = store.Actor{Name: "gateway", Address: "-"}

func newApplicationKeys(configured *config.Config, database *store.Store, folder string) *applicationKeys {
	return &applicationKeys{config: configured, store: database, folder: folder, done: map[string]keys.Hash{}}
}

func (a *applicationKeys) put(ctx context.Context) {
	for _, one := range a.config.Applications {
		file := filepath.Join(a.folder, one.Name)
		key, err := readKey(file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			slog.Error("no key for an application", "application", one.Name, "error", err.Error())
			continue
		case key == "":
			slog.Error("no key for an application", "application", one.Name, "error", file+" must hold 32 to 512 printable characters without spaces")
			continue
		}
		hash := keys.Of(key)
		if a.done[one.Name] == hash {
			continue
		}
		if err := a.store.PutApplication(ctx, itself, one.Name, one.Team, hash); err != nil {
			slog.Error("an application's key was not written", "application", one.Name, "error", err.Error())
			continue
		}
		a.done[one.Name] = hash
	}
}

// acceptable key of a file's text, whose last line may end; "": it is none.
func acceptable(text string) string {
	key := strings.TrimSpace(text)
	if !keys.Acceptable(key) {
		return ""
	}
	return key
}
