package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// unknownFields of an object that a struct has not; the decoder of encoding/json names only the first.
func unknownFields(text []byte, into any) []string {
	var value any
	if json.Unmarshal(text, &value) != nil {
		return nil // the decoder says it
	}
	var found checker
	found.fields("", value, reflect.TypeOf(into).Elem())
	return found.problems
}

func (c *checker) fields(where string, value any, kind reflect.Type) {
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	switch object := value.(type) {
	case []any:
		for i, one := range object {
			if kind.Kind() == reflect.Slice {
				c.fields(fmt.Sprintf("%s[%d]", where, i), one, kind.Elem())
			}
		}
	case map[string]any:
		for _, name := range sorted(object) {
			here := strings.TrimPrefix(where+"."+name, ".")
			switch kind.Kind() {
			case reflect.Map:
				c.fields(here, object[name], kind.Elem())
			case reflect.Struct:
				known := fieldsOf(kind)
				if field, ok := known[name]; ok {
					c.fields(here, object[name], field)
				} else {
					c.say("%s: no such field; there are %s", here, strings.Join(sorted(known), ", "))
				}
			}
		}
	}
}

func fieldsOf(kind reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for i := range kind.NumField() {
		name, _, _ := strings.Cut(kind.Field(i).Tag.Get("json"), ",")
		fields[name] = kind.Field(i).Type
	}
	return fields
}

func sorted[T any](of map[string]T) []string {
	names := make([]string, 0, len(of))
	for name := range of {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
