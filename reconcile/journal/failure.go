package journal

import "fmt"

// failed says what could not be done with the journal and, where the database's own
// words don't, what to do about it.
func (j *Journal) failed(what string, err error) error {
	if hint := j.engine.Hint(err); hint != "" {
		return fmt.Errorf("journal %s: %s: %s (%w)", j.engine.Name(), what, hint, err)
	}
	return fmt.Errorf("journal %s: %s: %w", j.engine.Name(), what, err)
}
