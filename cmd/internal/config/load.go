package config

import (
	"errors"
	"fmt"
	"io"
	slashpath "path"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
)

// loader fills a config and collects what is wrong. It walks the YAML itself
// rather than decode it, so that every fault has its line, all are found at
// once, and no value is printed that could be a token.
type loader struct {
	config *Config
	// origin says where a key was set.
	origin map[string]place
	faults []fault
}

// place is where something was set: a line of the file, or with line 0 the
// variable or file itself.
type place struct {
	name string
	line int
}

func (p place) String() string {
	if p.line == 0 {
		return p.name
	}
	return fmt.Sprintf("%s:%d", p.name, p.line)
}

// fault is one thing that is wrong.
type fault struct {
	at   place
	text string
}

func (l *loader) fault(at place, format string, args ...any) {
	l.faults = append(l.faults, fault{at: at, text: fmt.Sprintf(format, args...)})
}

func (l *loader) at(n *yaml.Node) place { return place{l.config.File, n.Line} }

// err is all faults in the order of the file, those of variables first.
func (l *loader) err() error {
	if len(l.faults) == 0 {
		return nil
	}
	slices.SortStableFunc(l.faults, func(a, b fault) int { return a.at.line - b.at.line })
	var e Error
	for _, f := range l.faults {
		e = append(e, fmt.Sprintf("%s: %s", f.at, f.text))
	}
	return e
}

// read fills the config from a file's text.
func (l *loader) read(data []byte) {
	dec := yaml.NewDecoder(strings.NewReader(string(data)))
	var doc, second yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if !errors.Is(err, io.EOF) {
			l.fault(place{name: l.config.File}, "not YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
		}
		return
	}
	if dec.Decode(&second) == nil {
		l.fault(l.at(&second), "a second YAML document begins here, and only one is read")
	}
	l.value("", doc.Content[0], reflect.ValueOf(l.config).Elem())
}

// value sets v, which has the key path, from n.
func (l *loader) value(path string, n *yaml.Node, v reflect.Value) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return
	}
	l.origin[path] = l.at(n)
	if path == "state" && n.Kind == yaml.MappingNode {
		l.state(path, n)
		return
	}
	switch target := v.Addr().Interface().(type) {
	case *tokenConfig:
		if n.Kind == yaml.ScalarNode {
			if path != "account.token" {
				l.fault(l.at(n), "%s: a secret does not belong in this file, where everybody who sees it, its backups or its history could use it; "+
					"write where it is: {env: NAME}, {file: PATH} or {command: [PROGRAM, ARGUMENT, …]}", path)
				return
			}
			l.fault(l.at(n), "%s: a token does not belong in this file, where everybody who sees it, its backups or its history could use it; "+
				"write where the token is: {env: %s}, {file: PATH} or {command: [PROGRAM, ARGUMENT, …]}", path, DefaultTokenEnv)
			return
		}
	case *resourceModes:
		l.resources(path, n, target)
		return
	case *ignoredCodes:
		l.ignored(path, n, target)
		return
	case *tokenConfigs:
		l.secrets(path, n, target)
		return
	case *webhookConfigs:
		*target = readNamed[webhookConfig](l, path, n)
		return
	case *limitConfigs:
		*target = readNamed[limitConfig](l, path, n)
		return
	case *freezeConfigs:
		*target = readNamed[freezeConfig](l, path, n)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		l.mapping(path, n, v)
	case reflect.Map:
		l.texts(path, n, v)
	case reflect.Slice:
		l.list(path, n, v)
	default:
		l.scalar(path, n, v)
	}
}

func (l *loader) expected(path string, n *yaml.Node, what string) {
	if path == "" {
		path = "the file"
	}
	l.fault(l.at(n), "%s: expected %s", path, what)
}

// pairs calls f for each key of a mapping; a key that stands twice is a fault.
func (l *loader) pairs(path string, n *yaml.Node, f func(key, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		l.expected(path, n, "keys with values")
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if first, twice := seen[key.Value]; twice {
			l.fault(l.at(key), "%s stands here for the second time, first in line %d", join(path, key.Value), first)
			continue
		}
		seen[key.Value] = key.Line
		f(key, n.Content[i+1])
	}
}

// renamed are the settings that had other names, each with today's.
var renamed = map[string]string{
	"manage.teams.import":     "manage.teams.include",
	"manage.schedules.import": "manage.schedules.include",
}

func (l *loader) mapping(path string, n *yaml.Node, v reflect.Value) {
	fields := fieldsOf(v.Type())
	l.pairs(path, n, func(key, value *yaml.Node) {
		i := slices.IndexFunc(fields, func(f string) bool { return f == key.Value && !strings.Contains(f, ".") })
		if now, ok := renamed[join(path, key.Value)]; ok {
			l.fault(l.at(key), "%s is now called %s: rename it", join(path, key.Value), now)
			return
		}
		if i < 0 {
			l.fault(l.at(key), "%s is not a setting%s", join(path, key.Value), suggest(key.Value, plain(fields)))
			return
		}
		l.value(join(path, key.Value), value, v.Field(i))
	})
}

// plain are the keys that stand by themselves.
func plain(fields []string) []string {
	return slices.DeleteFunc(slices.Clone(fields), func(f string) bool { return strings.Contains(f, ".") })
}

func (l *loader) texts(path string, n *yaml.Node, v reflect.Value) {
	m := map[string]string{}
	l.pairs(path, n, func(key, value *yaml.Node) {
		if value.Kind != yaml.ScalarNode {
			l.expected(join(path, key.Value), value, "a text")
			return
		}
		m[key.Value] = value.Value
	})
	v.Set(reflect.ValueOf(m))
}

func (l *loader) resources(path string, n *yaml.Node, modes *resourceModes) {
	l.pairs(path, n, func(key, value *yaml.Node) {
		if value.Kind != yaml.ScalarNode {
			l.expected(join(path, key.Value), value, "a mode")
			return
		}
		l.origin[join(path, key.Value)] = l.at(key)
		*modes = append(*modes, resourceMode{Name: key.Value, Mode: value.Value})
	})
}

// ignored reads codes to ignore: a list of them, or each with the paths where it is.
func (l *loader) ignored(path string, n *yaml.Node, into *ignoredCodes) {
	add := func(at *yaml.Node, paths []string) {
		*into = append(*into, policies.Ignore{Code: code.Code(at.Value), File: l.config.File, Line: at.Line, Column: at.Column, Paths: paths})
	}
	if n.Kind == yaml.SequenceNode {
		for i, item := range n.Content {
			if item.Kind != yaml.ScalarNode {
				l.expected(fmt.Sprintf("%s[%d]", path, i), item, "a code such as policy/unused-group")
				continue
			}
			add(item, nil)
		}
		return
	}
	if n.Kind != yaml.MappingNode {
		l.expected(path, n, "a list of codes, or codes with lists of paths")
		return
	}
	l.pairs(path, n, func(key, value *yaml.Node) {
		var paths []string
		l.list(join(path, key.Value), value, reflect.ValueOf(&paths).Elem())
		if value.Kind == yaml.SequenceNode && len(paths) == 0 {
			l.expected(join(path, key.Value), value, "at least one path; a list of codes ignores them everywhere")
			return
		}
		for _, p := range paths {
			if _, err := slashpath.Match(p, ""); err != nil {
				l.fault(l.at(value), "%s: %q is not a pattern: a '[' has no ']'", join(path, key.Value), p)
			}
		}
		add(key, paths)
	})
}

func (l *loader) list(path string, n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		l.expected(path, n, "a list")
		return
	}
	items := make([]string, 0, len(n.Content))
	for i, item := range n.Content {
		if item.Kind != yaml.ScalarNode {
			l.expected(fmt.Sprintf("%s[%d]", path, i), item, "a text")
			continue
		}
		items = append(items, item.Value)
	}
	v.Set(reflect.ValueOf(items))
}

// secrets reads where several secrets are.
func (l *loader) secrets(path string, n *yaml.Node, into *tokenConfigs) {
	if n.Kind != yaml.SequenceNode {
		l.expected(path, n, "a list such as [{env: NAME}]")
		return
	}
	for i, item := range n.Content {
		var one tokenConfig
		l.value(fmt.Sprintf("%s[%d]", path, i), item, reflect.ValueOf(&one).Elem())
		*into = append(*into, one)
	}
}

func (l *loader) scalar(path string, n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.ScalarNode {
		l.expected(path, n, "a single value")
		return
	}
	l.set(l.at(n), path, n.Value, v)
}

// set gives a text, number or switch its value.
func (l *loader) set(at place, path, text string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Int:
		number, err := strconv.Atoi(text)
		if err != nil {
			l.fault(at, "%s: expected a whole number", path)
			return
		}
		v.SetInt(int64(number))
	case reflect.Bool:
		if text != "true" && text != "false" {
			l.fault(at, "%s: expected true or false, not %q", path, text)
			return
		}
		v.SetBool(text == "true")
	case reflect.Slice:
		items := []string{}
		for _, item := range strings.Split(text, ",") {
			if item = strings.TrimSpace(item); item != "" {
				items = append(items, item)
			}
		}
		v.Set(reflect.ValueOf(items))
	default:
		v.SetString(text)
	}
}

// fieldsOf are the keys of a struct's settings, in the order of its fields.
func fieldsOf(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("yaml"); name != "" {
			names = append(names, name)
		}
	}
	return names
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func suggest(name string, candidates []string) string {
	if near, ok := inventory.Nearest(name, candidates); ok {
		return "; did you mean " + near + "?"
	}
	return "; expected one of " + strings.Join(candidates, ", ")
}
