// Package memory keeps the program within its container's limit.
package memory

import (
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
)

// Limit makes Go's collector work harder before the kernel kills the container, unless GOMEMLIMIT says otherwise.
func Limit() {
	if limit := containerLimit(); limit > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit / 10 * 9)
	}
}

// containerLimit in bytes; 0: none, or none that can be read.
func containerLimit() int64 {
	for _, file := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		// "max" is no number; cgroup v1 writes a huge one.
		if limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && limit < 1<<50 {
			return limit
		}
	}
	return 0
}

// Budget bounds what all requests together keep of their bodies.
type Budget struct {
	left atomic.Int64
}

const (
	leastBudget = 4 << 20
	mostBudget  = 1 << 30
)

// ForBodies is a quarter of the container's memory; 256 MiB where it has no limit.
func ForBodies() *Budget {
	limit := containerLimit()
	if limit == 0 {
		limit = mostBudget
	}
	return NewBudget(min(max(limit/4, leastBudget), mostBudget))
}

// NewBudget of so many bytes.
func NewBudget(bytes int64) *Budget {
	budget := &Budget{}
	budget.left.Store(bytes)
	return budget
}

// Take reserves bytes; false: there is not so much left, and nothing was reserved.
func (b *Budget) Take(bytes int64) bool {
	if b.left.Add(-bytes) >= 0 {
		return true
	}
	b.left.Add(bytes)
	return false
}

// Give returns what was taken.
func (b *Budget) Give(bytes int64) { b.left.Add(bytes) }
