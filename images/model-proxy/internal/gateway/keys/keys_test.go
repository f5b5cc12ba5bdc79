package keys

import (
	"net/http"
	"regexp"
	"testing"
)

func TestKeysLookAsClientsAreTold(t *testing.T) {
	id := NewID()
	key, hash := New(id)
	if !regexp.MustCompile(`^oap_[a-z2-7]{8}_[A-Za-z0-9_-]{43}$`).MatchString(key) || key[4:12] != id {
		t.Errorf("got %q", key)
	}
	if hash != Of(key) || !Acceptable(key) {
		t.Error("its hash is another, or it is not acceptable")
	}
	if other, _ := New(id); Same(key, other) || !Same(key, key) {
		t.Error("two keys are the same")
	}
}

func TestWhereAKeyStands(t *testing.T) {
	for _, one := range []struct{ authorization, apiKey, wanted string }{
		{"Bearer abc", "", "abc"}, {"bearer  abc ", "", "abc"}, {"", "abc", "abc"}, {"Bearer abc", "xyz", "abc"}, {"Basic abc", "xyz", "xyz"}, {"abc", "", ""}, {"", "", ""},
	} {
		request := &http.Request{Header: http.Header{}}
		request.Header.Set("Authorization", one.authorization)
		request.Header.Set("X-Api-Key", one.apiKey)
		if got := In(request); got != one.wanted {
			t.Errorf("%+v: got %q", one, got)
		}
	}
}
