package config

// Keep sets what can't change without a restart to what another configuration
// says, and returns the keys that differed.
func (c *Config) Keep(before *Config) []string {
	keys := c.Differing(before)
	c.Account.Name, c.State, c.History, c.Run.Listen = before.Account.Name, before.State, before.History, before.Run.Listen
	return keys
}

// Differing are the keys that can't change without a restart and do differ: the
// state belongs to one account, and holds the lock.
func (c *Config) Differing(from *Config) []string {
	var keys []string
	for _, k := range []struct{ key, now, before string }{
		{"account.name", c.Account.Name, from.Account.Name},
		{"state", c.State, from.State},
		{"history.keep", c.History.Keep, from.History.Keep},
		{"run.listen", c.Run.Listen, from.Run.Listen},
	} {
		if k.now != k.before {
			keys = append(keys, k.key)
		}
	}
	return keys
}
