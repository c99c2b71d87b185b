package secret

import (
	"io"
	"sync"
)

// Writer writes what is written to it without the secrets. What may be the
// beginning of one waits for what follows, or for Flush.
type Writer struct {
	keeper *Keeper
	mu     sync.Mutex
	w      io.Writer
	held   []byte
}

// Writer is a writer to w, for as many goroutines as like.
func (k *Keeper) Writer(w io.Writer) *Writer { return &Writer{keeper: k, w: w} }

// Unwrap is the writer that it writes to.
func (w *Writer) Unwrap() io.Writer { return w.w }

// Write takes all of p, unless what can be written of it can't be.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.keeper.current()
	if f == nil && len(w.held) == 0 {
		return w.w.Write(p)
	}
	text := append(w.held, p...)
	w.held = nil
	if f != nil {
		if n := f.begun(text); n > 0 {
			w.held = append(w.held, text[len(text)-n:]...)
			text = text[:len(text)-n]
		}
	}
	if err := w.write(text); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush writes what waits: nothing follows, or a person is to read it first.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := w.held
	w.held = nil
	return w.write(text)
}

func (w *Writer) write(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	_, err := io.WriteString(w.w, w.keeper.Redact(string(text)))
	return err
}
