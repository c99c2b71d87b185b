// Package chain is a list of entries of which each holds the hash of the one before it:
// what was altered, removed or moved later is found by whoever reads them in their order.
//
// It opens nothing and has no clock.
package chain

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// The kinds of entries.
const (
	// Began is the first entry: what an older version had recorded is not in the chain.
	Began = "began"
	// Round is a plan that is about to be carried out, RoundEnded its end.
	Round      = "round"
	RoundEnded = "round_ended"
	// Intent is a unit of work that is about to be written, Step one of its steps, and
	// Result what became of it.
	Intent = "intent"
	Step   = "step"
	Result = "result"
	// Decision is a person's release or confirmation, Name what a name first meant.
	Decision = "decision"
	Name     = "name"
	// Forgot says up to which entry the chain was forgotten, and with which hash that
	// ended, which the first entry that is left names as its predecessor.
	Forgot = "forgot"
	// Paused and Resumed are of a pause that all instances share.
	Paused  = "paused"
	Resumed = "resumed"
	// Restored says that a backup was put back.
	Restored = "restored"
)

// Entry is an entry. Its hash is of all its other fields, as Canonical writes them.
type Entry struct {
	Entry int64     `json:"entry"`
	At    time.Time `json:"at"`
	Kind  string    `json:"kind"`
	// Actor is the person who let it happen, and Command what ran; may be empty.
	Actor   string `json:"actor"`
	Command string `json:"command"`
	// Content is what is recorded, in a form of its kind's.
	Content json.RawMessage `json:"content"`
	// Previous is the hash of the entry before; empty for the first.
	Previous string `json:"previous"`
	Hash     string `json:"hash,omitempty"`
}

// Forgotten is the content of an entry Forgot.
type Forgotten struct {
	Through int64  `json:"through"`
	Hash    string `json:"hash"`
	// Start is the content of the entry Began.
	Start Start `json:"start"`
}

// Start is the content of an entry Began: the last numbers from before the chain, of
// which it knows nothing; zero in a journal that began with it.
type Start struct {
	Round  int64 `json:"round"`
	Intent int64 `json:"intent"`
	Change int64 `json:"change"`
	Word   int64 `json:"word"`
	// Note says what that means.
	Note string `json:"note"`
}

// Canonical writes a JSON text with its keys sorted, without white space and without
// needless escapes: equal values are equal texts.
func Canonical(text []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Sealed is the entry with its hash, as the one that follows previous.
func (e Entry) Sealed(previous string) (Entry, error) {
	content, err := Canonical(e.Content)
	if err != nil {
		return e, err
	}
	e.Content, e.At, e.Previous, e.Hash = content, e.At.UTC(), previous, ""
	e.Hash, err = e.sum()
	return e, err
}

// sum is the hash that the entry should have.
func (e Entry) sum() (string, error) {
	e.Hash = ""
	text, err := json.Marshal(e)
	if err == nil {
		text, err = Canonical(text)
	}
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// Digest is the hash of a text that an entry names without holding it.
func Digest(text []byte) string {
	if canonical, err := Canonical(text); err == nil {
		text = canonical
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// FaultError says what is wrong with a chain, at the first entry where something is; of
// what no entry tells it is 0.
type FaultError struct {
	Entry int64
	Text  string
}

func (e *FaultError) Error() string {
	if e.Entry == 0 {
		return e.Text
	}
	return fmt.Sprintf("entry %d: %s", e.Entry, e.Text)
}

// Checker checks entries in their order.
type Checker struct {
	// First is the number of the first entry, Last the last so far.
	First int64
	Last  Entry
	Count int64
	// Start is what the chain began with.
	Start Start
	// before is what the first entry names as its predecessor: some later entry has to
	// tell that it was forgotten.
	before   string
	accounts bool
}

// Add checks the next entry.
func (c *Checker) Add(e Entry) error {
	fault := func(format string, args ...any) error { return &FaultError{e.Entry, fmt.Sprintf(format, args...)} }
	switch {
	case c.Count == 0:
		c.First, c.before = e.Entry, e.Previous
		c.accounts = e.Entry == 1 && e.Previous == "" && e.Kind == Began
	case e.Entry == c.Last.Entry:
		return fault("it is there twice")
	case e.Entry < c.Last.Entry:
		return fault("it follows entry %d: they were reordered", c.Last.Entry)
	case e.Entry == c.Last.Entry+2:
		return &FaultError{c.Last.Entry + 1, fmt.Sprintf("it is missing: entry %d follows entry %d", e.Entry, c.Last.Entry)}
	case e.Entry > c.Last.Entry+1:
		return &FaultError{c.Last.Entry + 1, fmt.Sprintf("entries %d to %d are missing", c.Last.Entry+1, e.Entry-1)}
	}
	sum, err := e.sum()
	switch {
	case err != nil:
		return fault("it was altered: its content is not JSON")
	case sum != e.Hash:
		return fault("it was altered: its hash is %s, and its content has %s", short(e.Hash), short(sum))
	case c.Count > 0 && e.Previous != c.Last.Hash:
		return fault("it follows %s, and the entry before it is %s: one of them was replaced or reordered", short(e.Previous), short(c.Last.Hash))
	}
	if err := c.account(e); err != nil {
		return fault("%v", err)
	}
	c.Last = e
	c.Count++
	return nil
}

// account notes what an entry tells of how the chain began.
func (c *Checker) account(e Entry) error {
	switch e.Kind {
	case Began:
		if e.Entry != 1 {
			return fmt.Errorf("a chain begins amid another")
		}
		return json.Unmarshal(e.Content, &c.Start)
	case Forgot:
		var f Forgotten
		if err := json.Unmarshal(e.Content, &f); err != nil {
			return err
		}
		if f.Through == c.First-1 && f.Hash == c.before {
			c.accounts = true
		}
		if c.First > 1 {
			c.Start = f.Start
		}
	}
	return nil
}

// End checks that nothing is missing before the first entry.
func (c *Checker) End() error {
	switch {
	case c.Count == 0:
		return &FaultError{1, "there are no entries: all of them are missing"}
	case !c.accounts && c.First == 1:
		return &FaultError{1, "it does not say that a chain begins: it was replaced"}
	case !c.accounts:
		return &FaultError{c.First - 1, fmt.Sprintf("it is missing: the chain begins with entry %d, and no entry says that those before it were forgotten", c.First)}
	}
	return nil
}

func short(hash string) string { return strings.TrimSpace(hash[:min(len(hash), 12)]) + "…" }
