// Package oscal pins the module that holds NIST's JSON schemas of OSCAL, which tests validate the compliance report with; nothing of it is built.
package oscal

import (
	_ "github.com/defenseunicorns/go-oscal/src/types/oscal-1-1-3"
)
