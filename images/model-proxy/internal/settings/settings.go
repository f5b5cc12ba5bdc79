// Package settings reads the program's environment: every variable with the prefix is known and well-formed, or all that is wrong is said at once.
package settings

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Prefix of all variables.
const Prefix = "MODEL_PROXY_"

// Problems are lines for the user: variable, value, what is allowed.
type Problems []string

func (p Problems) String() string {
	text := fmt.Sprintf("model-proxy: %d problem(s) in the environment\n", len(p))
	for _, line := range p {
		text += "  " + line + "\n"
	}
	return text + "fix: set these variables as said, `model-proxy --help` lists them all\n"
}

// variable is one setting: how it is named, what it defaults to (nil: it must be set), and where its value goes.
type variable struct {
	name     string
	fallback *string
	meaning  string
	set      func(value string) error
}

// What Kubernetes sets in every pod of a namespace that has a Service named model-proxy.
var serviceLink = regexp.MustCompile(`^MODEL_PROXY_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)

func read(environment []string, variables []variable) Problems {
	var problems Problems
	values := map[string]string{}
	var names []string
	for _, entry := range environment {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, Prefix) || serviceLink.MatchString(name) {
			continue
		}
		name = strings.TrimPrefix(name, Prefix)
		if !slices.ContainsFunc(variables, func(one variable) bool { return one.name == name }) {
			names = append(names, name)
		}
		values[name] = value
	}
	slices.Sort(names)
	for _, name := range names {
		problems = append(problems, fmt.Sprintf("%s%s: no such setting; there are %s", Prefix, name, known(variables)))
	}
	for _, one := range variables {
		value, given := values[one.name]
		if !given {
			if one.fallback == nil {
				problems = append(problems, fmt.Sprintf("%s%s: missing; %s", Prefix, one.name, one.meaning))
				continue
			}
			value = *one.fallback
		}
		if err := one.set(value); err != nil {
			problems = append(problems, fmt.Sprintf("%s%s: got %q, must be %s", Prefix, one.name, value, err))
		}
	}
	return problems
}

func known(variables []variable) string {
	var names []string
	for _, one := range variables {
		names = append(names, one.name)
	}
	return strings.Join(names, ", ")
}

func describe(variables []variable) string {
	text := ""
	for _, one := range variables {
		fallback := "required"
		if one.fallback != nil {
			fallback = "default " + *one.fallback
			if *one.fallback == "" {
				fallback = "default: none"
			}
		}
		text += fmt.Sprintf("  %-28s %s (%s)\n", Prefix+one.name, one.meaning, fallback)
	}
	return text
}

func or(value string) *string { return &value }
