// Package examples holds whole, runnable configurations: policies with their
// tests, data, and an account to run them on.
package examples

import (
	"embed"
	"io/fs"
)

//go:embed company starter
var files embed.FS

// Company is the example company: dutyward.yaml, policies, schemas, seed.json.
func Company() fs.FS { return sub("company") }

// Starter is the smallest useful configuration, laid out as Company is.
func Starter() fs.FS { return sub("starter") }

func sub(dir string) fs.FS {
	f, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // the directory is embedded above
	}
	return f
}
