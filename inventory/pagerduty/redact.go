package pagerduty

// Redact blacks out every token that the client ever used, encoded ones
// included, in what is about to be shown. What a panic or a library says may
// hold one.
func (c *Client) Redact(text string) string { return c.token.redact(text) }
