package config

// fixed are the values that can't change without a restart, by their keys: the state
// belongs to one account, and holds the lock.
func (c *Config) fixed() []fixedValue {
	return []fixedValue{
		{"account.name", &c.Account.Name},
		{"state", &c.State},
		{"state.postgres.env", &c.Postgres.Env},
		{"state.postgres.schema", &c.Postgres.Schema},
		{"history.keep", &c.History.Keep},
		{"run.listen", &c.Run.Listen},
	}
}

type fixedValue struct {
	key   string
	value *string
}

// Keep sets what can't change without a restart to what another configuration
// says, and returns the keys that differed.
func (c *Config) Keep(before *Config) []string {
	keys := c.Differing(before)
	was := before.fixed()
	for i, f := range c.fixed() {
		*f.value = *was[i].value
	}
	return keys
}

// Differing are the keys that can't change without a restart and do differ.
func (c *Config) Differing(from *Config) []string {
	var keys []string
	was := from.fixed()
	for i, f := range c.fixed() {
		if *f.value != *was[i].value {
			keys = append(keys, f.key)
		}
	}
	return keys
}
