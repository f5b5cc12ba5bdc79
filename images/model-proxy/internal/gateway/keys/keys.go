// Package keys makes the keys of clients. Only their hashes are kept.
package keys

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
)

const (
	prefix  = "oap_"
	letters = "abcdefghijklmnopqrstuvwxyz234567"
	idSize  = 8
	secret  = 32 // bytes
)

// Hash of a whole key.
type Hash [sha256.Size]byte

// NewID names a key; it is no secret.
func NewID() string {
	id := make([]byte, idSize)
	random(id)
	for i := range id {
		id[i] = letters[int(id[i])%len(letters)]
	}
	return string(id)
}

// New makes the key of an id.
func New(id string) (string, Hash) {
	bytes := make([]byte, secret)
	random(bytes)
	key := prefix + id + "_" + base64.RawURLEncoding.EncodeToString(bytes)
	return key, Of(key)
}

// Of a key.
func Of(key string) Hash { return sha256.Sum256([]byte(key)) }

// Same tells in constant time whether two keys are.
func Same(one, other string) bool {
	a, b := Of(one), Of(other)
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// Long enough to be a key that somebody else made.
var acceptable = regexp.MustCompile(`^[\x21-\x7e]{32,512}$`)

// Acceptable tells whether a text can be a key.
func Acceptable(key string) bool { return acceptable.MatchString(key) }

// In a request; "": none.
func In(request *http.Request) string {
	if scheme, key, ok := strings.Cut(request.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(key)
	}
	return request.Header.Get("X-Api-Key")
}

func random(into []byte) { _, _ = rand.Read(into) } // it never fails: the program ends instead
