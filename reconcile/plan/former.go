package plan

import (
	"encoding/json"
	"fmt"
)

// formerCauses are the causes by the words that plans and journals had for them
// before this version. What was saved then is read in today's words.
var formerCauses = map[Cause]Cause{"handover": CauseHandoff}

// UnmarshalText reads a cause, in a former word too.
func (c *Cause) UnmarshalText(text []byte) error {
	*c = Cause(text)
	if now, ok := formerCauses[*c]; ok {
		*c = now
	}
	return nil
}

// Scan reads a cause from a column of the journal, in a former word too.
func (c *Cause) Scan(value any) error {
	switch v := value.(type) {
	case string:
		return c.UnmarshalText([]byte(v))
	case []byte:
		return c.UnmarshalText(v)
	}
	return fmt.Errorf("a cause is text, not %T", value)
}

// fillFormer fills what a plan has by another key than earlier versions gave it.
func (p *Plan) fillFormer(text []byte) error {
	if p.Extra != nil && p.Unenforced != nil { // each plan of this version has both
		return nil
	}
	var former struct {
		Drift    []Extra  `json:"drift"`
		Observed []Change `json:"observed"`
		Summary  struct {
			Drift    int `json:"drift"`
			Observed int `json:"observed"`
		} `json:"summary"`
	}
	if err := json.Unmarshal(text, &former); err != nil {
		return err
	}
	if p.Extra == nil {
		p.Extra, p.Summary.Extra = former.Drift, former.Summary.Drift
	}
	if p.Unenforced == nil {
		p.Unenforced, p.Summary.Unenforced = former.Observed, former.Summary.Observed
	}
	return nil
}
