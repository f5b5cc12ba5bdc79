//go:build pins

package main

// Its default configuration is read, nothing of it is built.
import _ "github.com/NVIDIA/mig-parted/api/spec/v1"
