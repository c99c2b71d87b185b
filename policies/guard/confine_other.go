//go:build !linux

package guard

// confine has nothing to add to what the guard sees.
func confine(int64) (release func()) { return func() {} }

// First has no way to say which process is to be ended first.
func First() {}
