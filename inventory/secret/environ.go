package secret

import (
	"regexp"
	"strings"
)

// telling are names of environment variables whose values are secrets.
var telling = regexp.MustCompile(`(?i)(?:^|_)(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|(?:API|ACCESS|PRIVATE|SECRET)_?KEY)$`)

// InEnvironment are the values of the variables whose names say that they are
// secrets, and that look as if they were: long, without spaces, no words or paths.
func InEnvironment(environ []string) []string {
	var found []string
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		if telling.MatchString(name) && random(value) {
			found = append(found, value)
		}
	}
	return found
}

// random says that a text is nothing that people would say or name a file.
func random(text string) bool {
	return len(text) >= 16 && !strings.ContainsAny(text, " \t\n") && !strings.HasPrefix(text, "/") &&
		strings.ContainsAny(text, "0123456789") &&
		strings.ContainsFunc(text, func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' })
}

// Environ is an environment for a child process: without the variables that hold a
// secret or say that they do.
func (k *Keeper) Environ(environ []string) []string {
	var out []string
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		if telling.MatchString(name) || k.Holds([]byte(value)) {
			continue
		}
		out = append(out, kv)
	}
	return out
}
