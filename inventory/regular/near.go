package regular

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dutyward/dutyward/inventory"
)

// Near suggests, as the end of a sentence, what lies next to a file that does not
// exist and has a name like it; empty where err is another, or nothing has.
func Near(name string, err error) string {
	if !errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	folder, base := filepath.Split(filepath.Clean(name))
	entries, err := os.ReadDir(filepath.Clean(folder + "."))
	if err != nil {
		return ""
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if near, ok := inventory.Nearest(base, names); ok && near != base {
		return "; did you mean " + filepath.ToSlash(folder+near) + "?"
	}
	return ""
}
