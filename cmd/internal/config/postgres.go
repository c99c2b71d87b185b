package config

import (
	"net/url"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/dutyward/dutyward/reconcile/journal/engine"
)

// state reads where the state is: the name of a file, or a database.
func (l *loader) state(path string, n *yaml.Node) {
	l.pairs(path, n, func(key, value *yaml.Node) {
		if key.Value != "postgres" {
			l.fault(l.at(key), "%s is not a setting: expected the name of a file, or {postgres: {env: NAME}}", join(path, key.Value))
			return
		}
		l.postgres(join(path, key.Value), value)
	})
}

func (l *loader) postgres(path string, n *yaml.Node) {
	if n.Kind == yaml.ScalarNode {
		l.fault(l.at(n), "%s: the address of a database does not belong in this file, for it holds a password; write which environment variable holds it: {env: %s}", path, exampleEnv)
		return
	}
	target := &l.config.Postgres
	l.pairs(path, n, func(key, value *yaml.Node) {
		into := map[string]*string{"env": &target.Env, "schema": &target.Schema}[key.Value]
		switch {
		case into == nil:
			l.fault(l.at(key), "%s is not a setting%s", join(path, key.Value), suggest(key.Value, []string{"env", "schema"}))
		case value.Kind != yaml.ScalarNode || value.Value == "":
			l.expected(join(path, key.Value), value, "a name")
		default:
			l.origin[join(path, key.Value)] = l.at(value)
			*into = value.Value
		}
	})
	if target.Env == "" {
		l.fault(l.at(n), "%s: expected env, the environment variable that holds the database's address", path)
	}
}

const exampleEnv = "DUTYWARD_DATABASE_URL"

// Database is where the state is in PostgreSQL; nil if it is a file.
func (c *Config) Database() *engine.Postgres {
	if c.Postgres.Env == "" {
		return nil
	}
	return &engine.Postgres{URL: c.env[c.Postgres.Env], Schema: c.Postgres.Schema}
}

// StateName names where the state is, for a person.
func (c *Config) StateName() string {
	if d := c.Database(); d != nil {
		return d.Name()
	}
	return c.State
}

func (l *loader) checkDatabase(c *Config) {
	if c.Postgres.Env == "" {
		if c.Postgres.Schema != "" {
			l.fault(l.where("state.postgres.schema"), "state.postgres.schema: expected state.postgres.env, too, the environment variable that holds the database's address")
		}
		return
	}
	if c.env[c.Postgres.Env] == "" {
		l.fault(l.where("state.postgres.env"), "state.postgres.env: the environment variable %s is not set: set it to the database's address, postgres://USER:PASSWORD@HOST:PORT/DATABASE", c.Postgres.Env)
	}
	if !engine.Identifier(c.Postgres.Schema) {
		l.fault(l.where("state.postgres.schema"), "state.postgres.schema: %q is not valid; expected lower-case letters, digits and underscores, such as dutyward_acme", c.Postgres.Schema)
	}
}

var notIdentifier = regexp.MustCompile(`[^a-z0-9]+`)

// schemaOf is the schema of an account's state where none is named: several accounts may
// share a database.
func schemaOf(account string) string {
	name := "dutyward_" + strings.Trim(notIdentifier.ReplaceAllString(strings.ToLower(account), "_"), "_")
	return strings.TrimRight(name[:min(len(name), 63)], "_")
}

var passwordKey = regexp.MustCompile(`(?i)\bpassword\s*=\s*('(?:[^'\\]|\\.)*'|\S+)`)

// passwords are the forms in which an address of a database may give its password away.
func passwords(address string) []string {
	found := []string{address}
	if u, err := url.Parse(address); err == nil && u.User != nil {
		if p, ok := u.User.Password(); ok {
			found = append(found, p, url.QueryEscape(p))
		}
		found = append(found, u.Query().Get("password"))
	}
	if m := passwordKey.FindStringSubmatch(address); m != nil {
		found = append(found, strings.Trim(m[1], "'"))
	}
	return found
}
