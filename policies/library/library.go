// Package library holds the Rego that policies see as data.dutyward, with its tests.
package library

import "embed"

// Files are the library's policies and their tests, at the top of the file system.
//
//go:embed *.rego
var Files embed.FS
