package config

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// Before is the configuration that another text of its file makes, under the same
// environment: the file as it was at another revision. It learns no token.
func (c *Config) Before(text []byte) (*Config, error) {
	l := &loader{config: defaultConfig(), origin: map[string]place{}}
	l.config.env, l.config.File = c.env, c.File
	l.read(text)
	l.config.relativeTo(filepath.Dir(c.File))
	l.environment(c.env)
	l.config.fillIn()
	l.check()
	return l.config, l.err()
}

// Unlike is a key with another value.
type Unlike struct {
	Key string
	// Before and After are the values; empty where there is none.
	Before, After string
}

// Unlike are the keys that have another value than in a configuration from before, in
// the order of their documentation.
func (c *Config) Unlike(before *Config) []Unlike {
	was, is := keyValues{}, keyValues{}
	was.walk("", reflect.ValueOf(before).Elem())
	is.walk("", reflect.ValueOf(c).Elem())
	var all []Unlike
	for _, k := range is.keys {
		if old := was.values[k]; old != is.values[k] {
			all = append(all, Unlike{k, old, is.values[k]})
		}
	}
	for _, k := range was.keys {
		if !slices.Contains(is.keys, k) {
			all = append(all, Unlike{k, was.values[k], ""})
		}
	}
	return all
}

// keyValues are a configuration's keys, dotted, with what they say.
type keyValues struct {
	keys   []string
	values map[string]string
}

func (k *keyValues) add(key, value string) {
	if k.values == nil {
		k.values = map[string]string{}
	}
	k.keys = append(k.keys, key)
	k.values[key] = value
}

// named are the settings of what has a name, as far as they say something.
func (k *keyValues) named(path string, v reflect.Value) {
	for i, field := range fieldsOf(v.Type()) {
		if v := v.Field(i); !v.IsZero() {
			k.add(join(path, field), fmt.Sprint(v.Interface()))
		}
	}
}

func (k *keyValues) walk(path string, v reflect.Value) {
	switch x := v.Interface().(type) {
	case resourceModes:
		for _, m := range x {
			k.add(path+"."+m.Name, m.Mode)
		}
		return
	case limitConfigs:
		for _, limit := range x {
			k.named(join(path, limit.Name), reflect.ValueOf(limit))
		}
		return
	case freezeConfigs:
		for _, freeze := range x {
			k.named(join(path, freeze.Name), reflect.ValueOf(freeze))
		}
		return
	case webhookConfigs:
		for _, w := range x {
			k.named(join(path, w.Name), reflect.ValueOf(w))
		}
		return
	case ignoredCodes:
		for _, ignored := range x {
			k.add(fmt.Sprintf("%s.%s", path, ignored.Code), strings.Join(ignored.Paths, ", "))
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if key := v.Type().Field(i).Tag.Get("yaml"); key != "" {
				k.walk(strings.TrimPrefix(path+"."+key, "."), v.Field(i))
			}
		}
	case reflect.Map:
		for _, key := range slices.SortedFunc(slices.Values(v.MapKeys()), func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) }) {
			k.add(path+"."+key.String(), fmt.Sprint(v.MapIndex(key)))
		}
	case reflect.Slice:
		if !v.IsNil() { // an empty list may say something else than none
			k.add(path, fmt.Sprint(v.Interface()))
		}
	default:
		k.add(path, fmt.Sprint(v.Interface()))
	}
}
