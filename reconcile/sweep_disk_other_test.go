//go:build !unix

package reconcile_test

// fill does nothing where no limit can be set on the size of files.
func (w *trial) fill() (lift func()) { return func() {} }
