package config

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

const envPrefix = "DUTYWARD_"

// envName is the environment variable that overrides a key.
func envName(path string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// kubernetes are the variables that Kubernetes sets in every container for a
// service that is called dutyward.
var kubernetes = regexp.MustCompile(`^DUTYWARD_(SERVICE_(HOST|PORT.*)|PORT(_.*)?)$`)

// environment sets what DUTYWARD_* variables say; paths in them are relative to
// the working directory. A variable that is no setting is a fault: it would
// otherwise be believed to have an effect.
func (l *loader) environment(env map[string]string) {
	settings := map[string]string{}
	values := map[string]reflect.Value{}
	eachSetting("", reflect.ValueOf(l.config).Elem(), func(path string, v reflect.Value) {
		settings[envName(path)] = path
		values[envName(path)] = v
	})
	former := map[string]string{}
	for was, now := range renamed {
		former[envName(was)] = envName(now)
	}
	known := append(slices.Sorted(maps.Keys(settings)), "DUTYWARD_CONFIG")
	for _, name := range slices.Sorted(maps.Keys(env)) {
		path, ok := settings[name]
		switch {
		case ok:
			l.origin[path] = place{name: name}
			l.set(place{name: name}, path, env[name], values[name])
		case !strings.HasPrefix(name, envPrefix), name == "DUTYWARD_CONFIG", kubernetes.MatchString(name):
		case slices.Contains(l.config.secretEnvs(), name), name == l.config.Postgres.Env:
		case former[name] != "":
			l.fault(place{name: name}, "this environment variable is now called %s: rename it", former[name])
		default:
			l.fault(place{name: name}, "this environment variable is not a setting%s", suggest(name, known))
		}
	}
}

// eachSetting calls f for each setting that a variable can hold: texts,
// numbers and lists of texts.
func eachSetting(path string, v reflect.Value, f func(path string, v reflect.Value)) {
	for i, name := range fieldsOf(v.Type()) {
		field := v.Field(i)
		switch field.Interface().(type) {
		case string, int, []string:
			f(join(path, name), field)
		default:
			if field.Kind() == reflect.Struct {
				eachSetting(join(path, name), field, f)
			}
		}
	}
}
