package worker

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"fmt"
	"io"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
)

// What goes through the pipes are frames: a letter, a length, and what it is.
const (
	frameRequest = 'q'
	frameReply   = 'r'
	frameBegan   = 'b' // the name of a rule that runs from now on
	frameEnded   = 'e' // the name of one that does no more
	frameNothing = 'n' // asks nothing: it can't be written to a process that ended
)

const headLength = 5

// maxFrame bounds a frame, so that nothing which policies make, however large, is
// more than the reader can hold.
const maxFrame = 512 << 20

// request is what the process is asked for.
type request struct {
	Op      op
	Options options       // to load
	Known   string        // to load: the archive with this digest need not be sent
	Source  []byte        // to load an archive
	Limit   time.Duration // to load an archive: its bound on time

	Set     int // to evaluate, and what follows with it
	Phase   policies.Phase
	Now     time.Time
	Parts   []eval.Part
	Without map[string]string
}

// options are policies.Options without the secrets.
type options struct {
	Roots         []string
	As            map[string]string
	AskGit        bool
	Schemas       map[string]string
	TimeLimit     time.Duration
	MaxElements   int
	AllowBuiltins []string
	Ignore        policies.Ignores
}

func withoutSecrets(o eval.Options) options {
	return options{o.Roots, o.As, o.AskGit, o.Schemas, o.TimeLimit, o.MaxElements, o.AllowBuiltins, o.Ignore}
}

func (o options) options() eval.Options {
	return eval.Options{
		Roots: o.Roots, As: o.As, AskGit: o.AskGit, Schemas: o.Schemas,
		TimeLimit: o.TimeLimit, MaxElements: o.MaxElements, AllowBuiltins: o.AllowBuiltins, Ignore: o.Ignore,
	}
}

type op string

const (
	opLoad     op = "load"
	opSource   op = "source"
	opEvaluate op = "evaluate"
)

// reply is what it answers.
type reply struct {
	// Error is why there is no answer, Problems are the errors of the policies as
	// JSON, where it lies in them. Exceeded says that a bound was hit, while Rules ran.
	Error    string
	Problems []byte
	Exceeded bool
	Rules    []string

	Loaded     loaded
	Statements []byte
}

// loaded describes policies that the process holds.
type loaded struct {
	Set        int
	Revision   string
	References []byte // as JSON
	Provenance []policies.Provenance
	// Digest is that of Source, the policies as an archive, which is left out where
	// the other side has it.
	Digest string
	Source []byte
	Facts  []string
	Access eval.Keys
	Risk   eval.Keys
}

// frameOf is a text, or a value as gob writes it.
func frameOf(kind byte, v any) ([]byte, error) {
	var body bytes.Buffer
	body.Write(make([]byte, headLength))
	if text, ok := v.(string); ok {
		body.WriteString(text)
	} else if err := gob.NewEncoder(&body).Encode(v); err != nil {
		return nil, err
	}
	if body.Len() > maxFrame {
		return nil, fmt.Errorf("%s are more than the %s that one process takes from the other", humanize.IBytes(uint64(body.Len())), humanize.IBytes(uint64(maxFrame)))
	}
	frame := body.Bytes()
	frame[0] = kind
	binary.BigEndian.PutUint32(frame[1:], uint32(len(frame)-headLength))
	return frame, nil
}

func readFrame(r io.Reader) (kind byte, body []byte, err error) {
	var head [headLength]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	length := int64(binary.BigEndian.Uint32(head[1:]))
	if length > maxFrame {
		return 0, nil, fmt.Errorf("a frame of %d bytes", length)
	}
	var text bytes.Buffer
	if _, err := io.CopyN(&text, r, length); err != nil {
		return 0, nil, fmt.Errorf("a frame was cut short: %w", err)
	}
	return head[0], text.Bytes(), nil
}

func decode(body []byte, v any) error { return gob.NewDecoder(bytes.NewReader(body)).Decode(v) }
